"""An event as it is exported and imported: all that is stored of it, but for `visitor_hash`, which follows from it."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, Raw, UnsetType

from queryapi.stored_properties import check_performance, check_properties
from shared.errors import AppError

# As the gateway takes events from a key that imports (SPEC R58); the later end is told by the clock.
EARLIEST = datetime.fromisoformat("1970-01-01T00:00:00Z")
AHEAD = timedelta(minutes=10)
# A session lasts a day; one that a late event moved may have kept an event that counts as no activity.
LONGEST_SINCE_START = timedelta(hours=48)
_DAY_MS = 86_400_000
_MAX_REASONS = 20
_NULL = b"null"
# Bytes of UTF-8. Those that SPEC section 4.1 names are the gateway's own; a tag may come from a query string of 2048.
TEXT_BYTES: Mapping[str, int] = {
    "page": 2048, "title": 512, "hostname": 253, "referrer": 2048, "source": 1020, "channel": 255,
    "utm_source": 2048, "utm_medium": 2048, "utm_campaign": 2048, "utm_term": 2048, "utm_content": 2048,
    "visitor_id": 1020, "session_id": 1100, "country": 8, "region": 255, "city": 1020, "continent": 8,
    "browser": 256, "browser_version": 256, "os": 256, "os_version": 256, "device": 64, "screen": 32, "language": 35,
    "bot_category": 64, "user_agent": 512,
}  # fmt: skip
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_INT64 = range(-(2**63), 2**63)

# Numbers that not every reader of JSON can hold are text. `$` would let a line feed pass behind them.
Whole = Annotated[str, Meta(pattern=r"^-?[0-9]{1,19}\Z")]
Moment = Annotated[datetime, Meta(tz=True)]


class StoredEvent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The columns of `events` in the order of the export; null and a missing field mean the same. `website_id` is the
    website it was exported from."""

    timestamp: Moment
    id: UUID
    website_id: Annotated[str, Meta(pattern=r"^[A-Za-z0-9._:-]{1,128}\Z")]
    received_at: Moment
    session_started_at: Moment
    session_hash: Whole
    arrival: Whole
    engaged_ms: Annotated[int, Meta(ge=0, le=_DAY_MS)] | None = None
    city_geoname_id: Annotated[int, Meta(ge=0, le=2**31 - 1)] | None = None
    scroll_depth: Annotated[int, Meta(ge=0, le=100)] | None = None
    rules_version: Annotated[int, Meta(ge=0, le=2**15 - 1)]
    interactive: bool
    is_bot: bool
    is_persistent: bool
    is_new_user: bool | None = None
    visitor_id: Annotated[str, Meta(min_length=1)]
    session_id: Annotated[str, Meta(min_length=1)]
    event_type: Annotated[str, Meta(min_length=1, max_length=100)]
    page: str
    title: str | None = None
    hostname: str | None = None
    referrer: str | None = None
    source: str | None = None
    channel: str
    utm_source: str | None = None
    utm_medium: str | None = None
    utm_campaign: str | None = None
    utm_term: str | None = None
    utm_content: str | None = None
    country: str | None = None
    region: str | None = None
    city: str | None = None
    continent: str | None = None
    browser: str | None = None
    browser_version: str | None = None
    os: str | None = None
    os_version: str | None = None
    device: str
    screen: str | None = None
    language: str | None = None
    bot_category: str | None = None
    bot_reasons: Annotated[list[Annotated[str, Meta(max_length=100)]], Meta(max_length=_MAX_REASONS)] | None = None
    user_agent: str | None = None
    revenue_currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z")] | None = None
    revenue_amount: Annotated[str, Meta(pattern=r"^-?[0-9]{1,15}(\.[0-9]{1,4})?\Z")] | None = None
    # JSON text, because its numbers must stay as they are written.
    performance: Raw | UnsetType = UNSET
    properties: Raw | UnsetType = UNSET


COLUMNS = StoredEvent.__struct_fields__
# What is no text in JSON. Of the others only these are not free text.
NOT_TEXT = frozenset({
    "engaged_ms", "city_geoname_id", "scroll_depth", "rules_version", "interactive", "is_bot", "is_persistent",
    "is_new_user", "bot_reasons", "performance", "properties",
})  # fmt: skip


def bad_field(field: str, problem: str, code: str = "invalid_value") -> AppError:
    """A 422 that names the field and what is wrong with it; who knows the line adds it."""
    return AppError(422, code, f"{field}: {problem}", details={"field": field})


def at_line(line: int, error: AppError) -> AppError:
    """The error with the line it is about, from 1."""
    return AppError(error.status, error.code, f"line {line}: {error.message}", details={"line": line, **error.details})


def check_event(event: StoredEvent, now: datetime) -> None:
    """Raises AppError 422 for what the types do not tell: texts that are too long or cannot be stored, times that
    cannot be, numbers out of range."""
    for name, limit in TEXT_BYTES.items():
        value: str | None = getattr(event, name)
        if value is None:
            continue
        if "\0" in value:
            raise bad_field(name, "must not contain U+0000")
        if len(value) * 4 > limit and len(value.encode()) > limit:
            raise bad_field(name, f"longer than {limit} bytes", "too_long")
    if _CONTROL.search(event.event_type):
        raise bad_field("event_type", "must not contain control characters")
    for name in ("session_hash", "arrival"):
        if int(getattr(event, name)) not in _INT64:
            raise bad_field(name, "must fit 64 bits")
    if any("\0" in reason for reason in event.bot_reasons or ()):
        raise bad_field("bot_reasons", "must not contain U+0000")
    if (event.revenue_amount is None) != (event.revenue_currency is None):
        raise bad_field("revenue_amount", "revenue_amount and revenue_currency go together")
    _check_times(event, now)
    if event.performance is not UNSET and bytes(event.performance) != _NULL:
        check_performance(event.performance)
    if event.properties is not UNSET and bytes(event.properties) != _NULL:
        check_properties(event.properties)


def _check_times(event: StoredEvent, now: datetime) -> None:
    latest = now + AHEAD
    for name in ("timestamp", "received_at"):
        if not EARLIEST <= getattr(event, name) <= latest:
            problem = f"must lie between {EARLIEST.isoformat()} and {latest.isoformat()}"
            raise bad_field(name, problem, "timestamp_out_of_range")
    if not timedelta() <= event.timestamp - event.session_started_at <= LONGEST_SINCE_START:
        hours = LONGEST_SINCE_START // timedelta(hours=1)
        raise bad_field("session_started_at", f"must lie in the {hours} hours before timestamp")
