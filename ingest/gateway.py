"""One request to an ingest route, from its bytes to its answer (SPEC R52-R62)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ingest.admit import Admission
from ingest.client import Sender
from ingest.dropped import DropCounts
from ingest.exclusion import is_excluded
from ingest.identity import Naming
from ingest.lane import Parcel
from ingest.limits import Buckets
from ingest.metrics import IngestMetrics
from ingest.parse import ClientEvent, Parsed
from ingest.publish import Publisher
from ingest.refusal import EventError, Warned
from ingest.sites import Sites
from ingest.timestamps import Window
from shared.client_address import client_key
from shared.clock import Clock
from shared.errors import AppError
from shared.event import Event
from shared.registry import Website

WEBSITE_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}", re.ASCII)
UNKNOWN_SITE = "unknown_site"
PRIVACY_SIGNAL = "gpc"
EXCLUDED_ADDRESS = "excluded_ip"


@dataclass(slots=True)
class Outcome:
    """What became of the events of one request, whose accepted ones are durable."""

    # By website.
    accepted_of: dict[str, int]
    # One of them.
    last_accepted: Event | None
    # By place in the request.
    refused: list[tuple[int, EventError]]
    # Website and reason of each.
    dropped: list[tuple[str, str]]
    warnings: list[Warned]
    unknown_fields: frozenset[str]

    @property
    def drop_reasons(self) -> list[str]:
        """Each once."""
        return sorted({reason for _, reason in self.dropped})

    @property
    def accepted(self) -> int:
        return sum(self.accepted_of.values())


@dataclass(frozen=True, slots=True)
class Gateway:
    """Judges requests and publishes what is good in them."""

    clock: Clock
    retention: timedelta
    sites: Sites
    naming: Naming
    publisher: Publisher
    per_client: Buckets
    per_site: Buckets
    metrics: IngestMetrics
    drops: DropCounts

    def check_limit(self, sender: Sender) -> None:
        """Raises AppError 429 for who has used up what they may send, before it costs us more to find out."""
        key, buckets, limit = self._bucket(sender)
        try:
            buckets.check(key, self.clock().timestamp())
        except AppError:
            self.metrics.rate_limited.labels(limit).inc()
            raise

    def charge(self, sender: Sender, tokens: int) -> None:
        """Take `tokens` for a request that came to nothing; raises AppError 429."""
        self._take_tokens(sender, tokens, self.clock().timestamp())

    async def take(self, parsed: Parsed, sender: Sender, tokens: int) -> Outcome:
        """Everything good in `parsed` is durable when this returns; raises AppError 429 or 503, and
        then nothing is promised. It costs its sender a token an event, and `tokens` at least."""
        received = self.clock()
        now = received.timestamp()
        self._take_tokens(sender, max(tokens, len(parsed.events)), now)
        await self.naming.ensure_secret()
        outcome, parcels = await self._admit(parsed, sender, received)
        # Encoded, the events are not needed while they are under way: the next request takes their memory
        # while it is still in the processor's cache.
        del parsed
        self._limit_sites(outcome.accepted_of, now)
        if parcels:
            await self.publisher.publish(parcels)
        self._count(outcome, received)
        return outcome

    async def _admit(self, parsed: Parsed, sender: Sender, received: datetime) -> tuple[Outcome, Sequence[Parcel]]:
        """The judgement on each event, and the accepted ones as they travel; raises AppError 503."""
        outcome = Outcome({}, None, [], [], [], parsed.unknown_fields)
        accepted_of = outcome.accepted_of
        window = Window(received, sender.trust, self.retention)
        admission = Admission(sender, window, self.naming, parsed.sent_at, len(parsed.events))
        websites: dict[str, Website | str] = {}
        for index, client in enumerate(parsed.events):
            try:
                if isinstance(client, EventError):
                    raise client
                website = websites.get(client.website_id)
                if website is None:
                    website = websites[client.website_id] = await self._website(client, sender)
                if isinstance(website, str):
                    outcome.dropped.append((client.website_id, website))
                elif website.excluded_networks and is_excluded(website, admission.origin_of(client).address):
                    outcome.dropped.append((client.website_id, EXCLUDED_ADDRESS))
                else:
                    outcome.last_accepted = await admission.admit(client, index, website)
                    accepted_of[client.website_id] = accepted_of.get(client.website_id, 0) + 1
            except EventError as error:
                outcome.refused.append((index, error))
        outcome.warnings = admission.warnings
        return outcome, admission.seats.parcels()

    async def _website(self, client: ClientEvent, sender: Sender) -> Website | str:
        """The event's website, or the reason to drop it; raises EventError."""
        website_id = client.website_id
        if not WEBSITE_ID.fullmatch(website_id):
            raise EventError("invalid_value", "website_id: must be 1 to 128 of A-Z a-z 0-9 . _ : -", "website_id")
        if sender.principal is not None and not sender.principal.may_see(website_id):
            raise EventError("forbidden_website", "website_id: the token is not for this website", "website_id")
        website = await self.sites.find(website_id)
        if website is None:
            return UNKNOWN_SITE
        return PRIVACY_SIGNAL if sender.is_private and website.gpc == "drop" else website

    def _bucket(self, sender: Sender) -> tuple[bytes, Buckets, str]:
        """A sender's key, where it counts, and what that limit is called."""
        if sender.principal is not None:
            # A server sends for many visitors: its key is limited, as one site is (SPEC R61).
            return b"key\0" + sender.principal.subject.encode(), self.per_site, "key"
        return client_key(sender.origin.address), self.per_client, "client"

    def _take_tokens(self, sender: Sender, tokens: int, now: float) -> None:
        key, buckets, limit = self._bucket(sender)
        try:
            buckets.take(key, tokens, now)
        except AppError:
            self.metrics.rate_limited.labels(limit).inc()
            raise

    def _limit_sites(self, accepted_of: Mapping[str, int], now: float) -> None:
        try:
            for website_id, count in accepted_of.items():
                self.per_site.take(website_id.encode(), count, now)
        except AppError:
            self.metrics.rate_limited.labels("site").inc()
            raise

    def _count(self, outcome: Outcome, received: datetime) -> None:
        self.metrics.accepted.inc(outcome.accepted)
        for _, error in outcome.refused:
            self.metrics.rejected.labels(error.code).inc()
        for website_id, reason in outcome.dropped:
            self.metrics.dropped.labels(reason).inc()
            if reason != UNKNOWN_SITE:
                self.drops.count(website_id, reason, received)
