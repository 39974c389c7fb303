"""The JSON that clients send: the only module that knows its shape (SPEC A1, A2, R52-R58).

A body is decoded in one call with every type and limit checked on the way (0.4 us an event). Only
when that fails are its events judged one by one, each with its own code and sentence (SPEC R55).
"""

import re
from datetime import datetime
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta

from ingest.nesting import decode
from ingest.properties import parse_float
from ingest.refusal import EventError
from shared.errors import AppError

MAX_BATCH_EVENTS = 1000
SECONDS_A_DAY = 86_400

Moment = Annotated[datetime, Meta(tz=True)]
Measure = Annotated[float, Meta(ge=0, le=1e9)]


class ClientRevenue(msgspec.Struct, frozen=True):
    amount: str | int | float
    currency: Annotated[str, Meta(min_length=3, max_length=3)]


class ClientPerformance(msgspec.Struct, frozen=True, omit_defaults=True):
    """Milliseconds, but `cls`, which has no unit."""

    lcp: Measure | None = None
    inp: Measure | None = None
    cls: Measure | None = None
    fcp: Measure | None = None
    ttfb: Measure | None = None
    load: Measure | None = None


class ClientEvent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An event as a client writes it; null and a missing field mean the same."""

    website_id: str
    page: str | None = None
    url: str | None = None
    event_type: Annotated[str, Meta(min_length=1, max_length=100)] | None = None
    id: Annotated[str, Meta(min_length=1, max_length=128)] | None = None
    timestamp: Moment | None = None
    sent_at: Moment | None = None
    visitor_id: Annotated[str, Meta(max_length=255)] | None = None
    session_id: Annotated[str, Meta(max_length=255)] | None = None
    referrer: str | None = None
    user_agent: str | None = None
    ip_address: str | None = None
    properties: dict[str, object] | None = None
    time_on_page: Annotated[int, Meta(ge=0, le=SECONDS_A_DAY)] | None = None
    engaged_ms: Annotated[int, Meta(ge=0, le=SECONDS_A_DAY * 1000)] | None = None
    scroll_depth: Annotated[int, Meta(ge=0, le=100)] | None = None
    title: str | None = None
    hostname: str | None = None
    language: str | None = None
    screen: str | None = None
    source: str | None = None
    ref: str | None = None
    utm_source: str | None = None
    utm_medium: str | None = None
    utm_campaign: str | None = None
    utm_term: str | None = None
    utm_content: str | None = None
    interactive: bool | None = None
    webdriver: bool | None = None
    revenue: ClientRevenue | None = None
    performance: ClientPerformance | None = None


class _TolerantEvent(ClientEvent, frozen=True, forbid_unknown_fields=False):
    """The same event when it has fields that we do not know."""


class _Batch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    events: Annotated[list[ClientEvent], Meta(max_length=MAX_BATCH_EVENTS)]
    sent_at: Moment | None = None


class _RawBatch(msgspec.Struct, frozen=True):
    events: list[msgspec.Raw]
    sent_at: Moment | None = None


class _Probe(msgspec.Struct, frozen=True):
    events: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class Parsed(NamedTuple):
    """The events of one body in their order, a refused one as its error."""

    events: list[ClientEvent | EventError]
    unknown_fields: frozenset[str]
    # When the sender says it sent the whole batch (SPEC R58).
    sent_at: datetime | None = None


_FIELDS = frozenset(ClientEvent.__struct_fields__)
# Derived by us whatever a client claims (hostile input A113): known, and ignored.
_IGNORED = frozenset({"is_bot", "is_new_user"})
_NO_FIELDS: frozenset[str] = frozenset()
_strict_event = msgspec.json.Decoder(ClientEvent, float_hook=parse_float)
_tolerant_event = msgspec.json.Decoder(_TolerantEvent, float_hook=parse_float)
_keys = msgspec.json.Decoder(dict[str, msgspec.Raw])
_strict_batch = msgspec.json.Decoder(_Batch, float_hook=parse_float)
_strict_array = msgspec.json.Decoder(list[ClientEvent], float_hook=parse_float)
_raw_batch = msgspec.json.Decoder(_RawBatch)
_raw_array = msgspec.json.Decoder(list[msgspec.Raw])
_anything = msgspec.json.Decoder(msgspec.Raw)
_probe = msgspec.json.Decoder(_Probe)

_PATH = re.compile(r" - at `\$\.?(?:\[\.\.\.\])?\.?(\w*)")
_MISSING = re.compile(r"missing required field `(\w+)`")
_EXPECTED = re.compile(r"Expected `([^`]+)`(.*)")
# A number of the wrong kind is a wrong value, a text instead of a number as well (hostile input A111).
_NUMBERS = frozenset({"time_on_page", "engaged_ms", "scroll_depth"})
# Two halves, or a lone half, or any other escape, so that `\\ud800` is not mistaken for one.
_ESCAPE = re.compile(rb"\\u[dD][89abAB]..\\u[dD][c-fC-F]..|(\\u[dD][89a-fA-F]..)|\\.", re.DOTALL)
_UNDECODABLE = (msgspec.DecodeError, UnicodeDecodeError)


def parse_single(body: bytes) -> Parsed:
    """The one event of `body`."""
    try:
        return Parsed([decode(_strict_event, body)], _NO_FIELDS)
    except _UNDECODABLE:
        unknown: set[str] = set()
        return Parsed([_judge(body, unknown)], frozenset(unknown))


def parse_batch(body: bytes) -> Parsed:
    """The events of `{"events": [...]}` or of a bare array; raises AppError 400 when it is neither,
    413 over MAX_BATCH_EVENTS."""
    try:
        if body.lstrip()[:1] == b"[":
            events, sent_at = decode(_strict_array, body), None
        else:
            batch = decode(_strict_batch, body)
            events, sent_at = batch.events, batch.sent_at
    except _UNDECODABLE:
        return _parse_one_by_one(body)
    _check_count(len(events))
    return Parsed(list(events), _NO_FIELDS, sent_at)


def is_batch(body: bytes) -> bool:
    """Whether a body sent to the route that takes both is a batch (SPEC B11)."""
    if body.lstrip()[:1] == b"[":
        return True
    try:
        return decode(_probe, _with_whole_characters(body)).events is not msgspec.UNSET
    except _UNDECODABLE:
        return False


def _parse_one_by_one(body: bytes) -> Parsed:
    # Before the events are told apart: half a character in one of them must not cost the others.
    body = _with_whole_characters(body)
    try:
        if body.lstrip()[:1] == b"[":
            raws, sent_at = decode(_raw_array, body), None
        else:
            batch = decode(_raw_batch, body)
            raws, sent_at = batch.events, batch.sent_at
    except _UNDECODABLE as error:
        refusal = _explain(error)
        details = {"field": refusal.field} if refusal.field else {}
        raise AppError(400, refusal.code, refusal.message, details=details) from error
    _check_count(len(raws))
    unknown: set[str] = set()
    return Parsed([_judge(bytes(raw), unknown) for raw in raws], frozenset(unknown), sent_at)


def _check_count(count: int) -> None:
    if count == 0:
        raise AppError(400, "invalid_value", "events: at least 1 event is required", details={"field": "events"})
    if count > MAX_BATCH_EVENTS:
        raise AppError(413, "too_many_events", f"events: at most {MAX_BATCH_EVENTS} events in one request")


def _judge(body: bytes, unknown: set[str]) -> ClientEvent | EventError:
    """One event with whatever it may have, or why not; adds the fields we do not know."""
    body = _with_whole_characters(body)
    try:
        event = decode(_tolerant_event, body)
        unknown.update(decode(_keys, body).keys() - _FIELDS - _IGNORED)
    except msgspec.ValidationError as error:
        return _syntax_error(body) or _explain(error)
    except _UNDECODABLE as error:
        return _explain(error)
    return event


def _syntax_error(body: bytes) -> EventError | None:
    """What a body of the wrong shape has wrong as JSON: a wrong field is found before a wrong end."""
    try:
        decode(_anything, body)
    except _UNDECODABLE as error:
        return _explain(error)
    return None


def _with_whole_characters(body: bytes) -> bytes:
    return _ESCAPE.sub(_replace_lone_half, body) if b"\\u" in body else body


def _replace_lone_half(escape: re.Match[bytes]) -> bytes:
    return b"\\ufffd" if escape[1] else escape[0]


def _explain(error: Exception) -> EventError:
    """The decoder's complaint in our words."""
    if isinstance(error, UnicodeDecodeError):
        return EventError("invalid_unicode", "body: not valid UTF-8")
    text = str(error)
    if not isinstance(error, msgspec.ValidationError):
        return EventError("invalid_json", "body: not valid JSON")
    if missing := _MISSING.search(text):
        return EventError("missing_field", f"{missing[1]} is required", missing[1])
    path = _PATH.search(text)
    field = path[1] if path and path[1] else None
    expected = _EXPECTED.search(text)
    reason = text.partition(" - at ")[0]
    if field in {"timestamp", "sent_at"}:
        return EventError("invalid_type", f"{field}: must be RFC 3339 text with a zone", field)
    if expected and (", got " in expected[2]):
        code = "invalid_value" if field in _NUMBERS else "invalid_type"
        wanted = expected[1].removesuffix(" | null")
        return EventError(code, f"{field or 'event'}: must be {wanted}", field)
    if reason.startswith("Number out of range"):
        return EventError("number_out_of_range", f"{field}: a number is out of range", field)
    if expected:
        return EventError("invalid_value", f"{field}: must be {expected[1]}{expected[2].partition(' - at ')[0]}", field)
    return EventError("invalid_value", f"{field or 'event'}: not valid", field)
