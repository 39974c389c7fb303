"""One client event becomes an `Event`: judged, cleaned, timed and named, or refused."""

import re
from datetime import datetime
from uuid import UUID

import msgspec

from ingest.client import Origin, Sender, body_origin
from ingest.event_id import event_ids
from ingest.identity import Naming, given_id
from ingest.page import Address, is_bare_path, reduce_referrer, split_address
from ingest.parse import ClientEvent, ClientPerformance, ClientRevenue
from ingest.properties import clean_properties
from ingest.refusal import EventError, Warned
from ingest.seat import Seat, Seats
from ingest.text import NUL, TextCleaner
from ingest.timestamps import Trust, Window
from shared.event import IDENTIFY, PAGEVIEW, RESERVED_EVENT_TYPES, Event, Revenue, event_uuid
from shared.registry import Website

MAX_PAGE_BYTES = 2048
MAX_REFERRER_BYTES = 2048
MAX_QUERY_BYTES = 2048
MAX_TITLE_BYTES = 512
MAX_TAG_BYTES = 255
MAX_HOSTNAME_BYTES = 253
MAX_LANGUAGE_BYTES = 35
MAX_SCREEN_BYTES = 32

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_AMOUNT = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,6})?", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
# A custom event of a server has no page (SPEC C34), nor has `identify`.
_NEED_PAGE = RESERVED_EVENT_TYPES - {IDENTIFY}
_NO_PAGE = Address(None, "", None)


class Admission:
    """Admits the events of one request of `count`, which share their sender and time of receipt."""

    def __init__(self, sender: Sender, window: Window, naming: Naming, sent_at: datetime | None, count: int) -> None:
        self._sender = sender
        self._window = window
        self._sent_at = sent_at
        self._is_imported = window.trust is Trust.IMPORT
        self._new_ids = event_ids(window.received, count)
        # What repeats within a batch is worked out once.
        self._referrers: dict[str, str | None] = {}
        self._seated: dict[object, Seat] = {}
        self._cleaner = TextCleaner(0, [])
        self.seats = Seats(naming, window.received)

    @property
    def warnings(self) -> list[Warned]:
        return self._cleaner.warnings

    async def admit(self, client: ClientEvent, index: int, website: Website) -> Event:
        """The event to store, in its seat; raises EventError, or AppError 503 when no visitor id can
        be derived. A field that is absent costs one comparison: most are."""
        sender, window, cleaner = self._sender, self._window, self._cleaner
        cleaner.position = index
        clean = cleaner.clean
        website_id = client.website_id
        event_type = client.event_type or PAGEVIEW
        if event_type not in RESERVED_EVENT_TYPES and _CONTROL.search(event_type):
            raise EventError("invalid_value", "event_type: must not contain control characters", "event_type")
        page, hostname, query = client.page, None, None
        if not page or client.url or not is_bare_path(page):
            hostname, page, query = _address(client, event_type)
        if client.hostname:
            hostname = clean(client.hostname.lower(), "hostname", MAX_HOSTNAME_BYTES) or hostname
        origin = self.origin_of(client)
        timestamp = window.received if client.timestamp is None else self._timestamp(client, client.timestamp, website)
        event_id = next(self._new_ids) if client.id is None else self._given_event_id(client.id, website_id)
        visitor_id = None if client.visitor_id is None else given_id(client.visitor_id, "visitor_id")
        session_id = None if client.session_id is None else given_id(client.session_id, "session_id")
        if website.identity == "derived" or (sender.is_private and website.gpc == "derive"):
            # Neither of the client's ids may tie its visits together (SPEC R10, R51).
            visitor_id = session_id = None
        # An imported event belongs to the day it happened on, any other to the day it came in.
        moment = timestamp if self._is_imported else window.received
        key = (website_id, visitor_id, hostname, None if origin is sender.origin else origin, moment)
        seat = self._seated.get(key)
        if seat is None:
            seat = self._seated[key] = await self.seats.take(website, visitor_id, hostname, origin, moment)
        engaged_ms = client.engaged_ms
        if engaged_ms is None and client.time_on_page is not None:
            engaged_ms = client.time_on_page * 1000
        source = clean(client.source, "source", MAX_TAG_BYTES) if client.source else None
        if source is None and client.ref:
            source = clean(client.ref, "ref", MAX_TAG_BYTES)
        # By position, because 29 names take 1.2 us to match and 29 places 0.3.
        event = Event(
            website_id,
            event_id,
            timestamp,
            seat.visitor.visitor_id,
            seat.visitor.previous_visitor_id,
            client.id is not None,  # is_client_id
            self._is_imported,
            event_type,
            clean(page, "page", MAX_PAGE_BYTES) or "",
            session_id,
            hostname,
            clean(query, "query", MAX_QUERY_BYTES) if query else None,
            self._referrer(client.referrer) if client.referrer else None,
            clean(client.title, "title", MAX_TITLE_BYTES) if client.title else None,
            clean(client.language, "language", MAX_LANGUAGE_BYTES) if client.language else None,
            clean(client.screen, "screen", MAX_SCREEN_BYTES) if client.screen else None,
            source,
            clean(client.utm_source, "utm_source", MAX_TAG_BYTES) if client.utm_source else None,
            clean(client.utm_medium, "utm_medium", MAX_TAG_BYTES) if client.utm_medium else None,
            clean(client.utm_campaign, "utm_campaign", MAX_TAG_BYTES) if client.utm_campaign else None,
            clean(client.utm_term, "utm_term", MAX_TAG_BYTES) if client.utm_term else None,
            clean(client.utm_content, "utm_content", MAX_TAG_BYTES) if client.utm_content else None,
            client.interactive is not False,
            engaged_ms,
            client.scroll_depth,
            None if client.revenue is None else _revenue(client.revenue),
            None if client.performance is None else _performance(client.performance),
            clean_properties(client.properties, cleaner) if client.properties else msgspec.UNSET,
            client.webdriver is True,
        )
        seat.events.append(event)
        return event

    def origin_of(self, client: ClientEvent) -> Origin:
        """Where the event comes from, by the connection or by what its sender may say; raises EventError."""
        sender = self._sender
        if sender.honours_body and (sender.is_keyed or client.ip_address or client.user_agent):
            return body_origin(sender, client.ip_address, client.user_agent)
        return sender.origin

    def _referrer(self, referrer: str) -> str | None:
        if referrer not in self._referrers:
            reduced = reduce_referrer(referrer.strip())
            self._referrers[referrer] = self._cleaner.clean(reduced, "referrer", MAX_REFERRER_BYTES)
        return self._referrers[referrer]

    def _timestamp(self, client: ClientEvent, sent: datetime, website: Website) -> datetime:
        timestamp = self._window.resolve(sent, client.sent_at or self._sent_at, website.retention_days)
        if timestamp is None:
            self._cleaner.warn(
                "clock_skew", "timestamp", "timestamp: too far from our clock, the time of receipt is used"
            )
            return self._window.received
        return timestamp

    def _given_event_id(self, client_id: str, website_id: str) -> UUID:
        if NUL in client_id:
            raise EventError("invalid_value", "id: must not contain U+0000", "id")
        event_id = event_uuid(website_id, client_id)
        self._window.check_id(event_id)
        return event_id


def _address(client: ClientEvent, event_type: str) -> Address:
    """Where it happened: `page`, or the path of `url`, which also gives host and query (SPEC R4, R5)."""
    page = client.page.strip() if client.page else ""
    url = client.url.strip() if client.url else ""
    if not page and not url:
        if event_type in _NEED_PAGE:
            raise EventError("missing_field", "page is required", "page")
        return _NO_PAGE
    if not url:
        return split_address(page, "page")
    of_url = split_address(url, "url")
    if not page:
        return of_url
    of_page = split_address(page, "page")
    return Address(of_page.hostname or of_url.hostname, of_page.path, of_page.query or of_url.query)


def _revenue(revenue: ClientRevenue) -> Revenue:
    amount, currency = str(revenue.amount), revenue.currency.upper()
    if not _AMOUNT.fullmatch(amount):
        raise EventError("invalid_value", "revenue: amount must be a decimal number such as 19.99", "revenue")
    if not _CURRENCY.fullmatch(currency):
        raise EventError("invalid_value", "revenue: currency must be an ISO 4217 code such as EUR", "revenue")
    return Revenue(amount, currency)


def _performance(performance: ClientPerformance) -> dict[str, float] | None:
    measures = msgspec.structs.asdict(performance)
    return {name: value for name, value in measures.items() if value is not None} or None
