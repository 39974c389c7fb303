"""One row of `events` as binary COPY takes it.

A row is three pieces: what every event has of its own, what few events have, and whose it is. The last
is the same in all rows of one visitor's session, and made once.
"""

from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from struct import Struct
from typing import Any

import msgspec

from shared.event import Event
from worker import fields
from worker.batch import Incoming
from worker.enrich import Attributes, Verdict
from worker.hashes import hash64
from worker.session import Session

# Columns and their types, in the order of the pieces.
EVENT_COLUMNS = {
    "timestamp": "timestamptz",
    "received_at": "timestamptz",
    "arrival": "bigint",
    "interactive": "boolean",
    "is_bot": "boolean",
    "is_persistent": "boolean",
    "id": "uuid",
    "event_type": "text",
    "page": "text",
    "title": "text",
    "engaged_ms": "integer",
    "scroll_depth": "smallint",
    "bot_category": "text",
    "bot_reasons": "text[]",
    "user_agent": "text",
    "revenue_currency": "text",
    "revenue_amount": "numeric",
    "performance": "jsonb",
    "properties": "jsonb",
    "visitor_hash": "bigint",
    "website_id": "text",
    "visitor_id": "text",
    "session_started_at": "timestamptz",
    "session_hash": "bigint",
    "is_new_user": "boolean",
    "session_id": "text",
}
_NOT_TEXT = {"rules_version": "smallint", "city_geoname_id": "integer"}
SESSION_COLUMNS = {name: _NOT_TEXT.get(name, "text") for name in Attributes._fields}
COLUMNS = EVENT_COLUMNS | SESSION_COLUMNS

CACHED_GROUPS = 16_384
# The number of fields, then each of the first seven: its length and value.
_head = Struct(">hiqiqiqi?i?i?i16s").pack
# Where the groups of session attributes begin that are known together.
_PLACE, _AGENT, _SCREEN = map(Attributes._fields.index, ("country", "browser", "screen"))
_ATTRIBUTE_FORMS: list[Callable[[Any], bytes]] = [
    {"smallint": fields.smallint, "integer": fields.integer}.get(column_type, fields.text)
    for column_type in SESSION_COLUMNS.values()
]
_TWO_NULLS = fields.NULL * 2
_FOUR_NULLS = fields.NULL * 4


def event_row(incoming: Incoming, owner: bytes, verdict: Verdict, user_agent: str | None) -> bytes:
    """The row of an event; `owner` is the `owner_piece` of its visitor and session. Raises ValueError,
    ArithmeticError or struct.error for what the columns cannot hold."""
    event = incoming.event
    return b"".join(
        (
            _head(
                len(COLUMNS),
                8,
                fields.microseconds(event.timestamp),
                8,
                fields.microseconds(incoming.envelope.received_at),
                8,
                incoming.arrival,
                1,
                event.interactive,
                1,
                verdict.is_bot,
                1,
                event.previous_visitor_id is None,
                16,
                event.id.int.to_bytes(16),
            ),
            fields.text(event.event_type),
            fields.text(event.page),
            fields.text(event.title),
            _TWO_NULLS
            if event.engaged_ms is None and event.scroll_depth is None
            else fields.integer(event.engaged_ms) + fields.smallint(event.scroll_depth),
            _verdict_piece(verdict) if verdict.is_bot else _TWO_NULLS,
            fields.NULL if user_agent is None else fields.text(user_agent),
            _FOUR_NULLS
            if event.revenue is None and event.performance is None and not event.properties
            else _rare_piece(event),
            owner,
        )
    )


def owner_piece(visitor_id: str, session: Session) -> bytes:
    """The columns of a visitor and of a session that has its attributes."""
    assert session.attributes is not None
    return b"".join(
        (
            fields.bigint(hash64(session.website_id, visitor_id)),
            fields.text(session.website_id),
            fields.rare_text(visitor_id),
            fields.timestamptz(session.started_at),
            fields.bigint(session.session_hash),
            fields.boolean(session.is_new_user),
            fields.rare_text(session.session_id),
            session.attributes,
        )
    )


def attribute_piece(attributes: Attributes) -> bytes:
    """The columns of session attributes. Where a visit came from, its place and its browser repeat."""
    return b"".join(
        (
            _group(0, attributes[:_PLACE]),
            _group(_PLACE, attributes[_PLACE:_AGENT]),
            _group(_AGENT, attributes[_AGENT:_SCREEN]),
            fields.text(attributes.screen),
            fields.text(attributes.language),
        )
    )


@lru_cache(CACHED_GROUPS)
def _group(start: int, values: tuple[str | int | None, ...]) -> bytes:
    forms = _ATTRIBUTE_FORMS[start : start + len(values)]
    return b"".join([form(value) for form, value in zip(forms, values, strict=True)])


def _verdict_piece(verdict: Verdict) -> bytes:
    return fields.text(verdict.category) + _reasons(verdict.reasons)


@lru_cache(256)
def _reasons(reasons: tuple[str, ...]) -> bytes:
    return fields.other(list(reasons)) if reasons else fields.NULL


def _rare_piece(event: Event) -> bytes:
    revenue = event.revenue
    performance = None if event.performance is None else msgspec.Raw(msgspec.json.encode(event.performance))
    return b"".join(
        (
            fields.text(None if revenue is None else revenue.currency),
            fields.NULL if revenue is None else fields.other(Decimal(revenue.amount)),
            fields.NULL if performance is None else fields.jsonb(performance),
            fields.jsonb(event.properties) if event.properties else fields.NULL,
        )
    )
