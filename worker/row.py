"""EventRow: one row of `events` in the order of COPY, and the conversion of an event into it."""

from dataclasses import fields
from decimal import Decimal
from operator import attrgetter

import msgspec
import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format

from worker.batch import Incoming
from worker.enrich import Attributes, Verdict
from worker.hashes import hash64
from worker.session import Session

EventRow = tuple[object, ...]

# Columns and their types: what the event says, then what its session says, in the order of Attributes.
EVENT_COLUMNS = {
    "timestamp": "timestamptz",
    "received_at": "timestamptz",
    "session_started_at": "timestamptz",
    "visitor_hash": "bigint",
    "session_hash": "bigint",
    "arrival": "bigint",
    "engaged_ms": "integer",
    "scroll_depth": "smallint",
    "interactive": "boolean",
    "is_bot": "boolean",
    "is_persistent": "boolean",
    "is_new_user": "boolean",
    "id": "uuid",
    "website_id": "text",
    "visitor_id": "text",
    "session_id": "text",
    "event_type": "text",
    "page": "text",
    "title": "text",
    "bot_category": "text",
    "bot_reasons": "text[]",
    "user_agent": "text",
    "revenue_currency": "text",
    "revenue_amount": "numeric",
    "performance": "jsonb",
    "properties": "jsonb",
}
_NOT_TEXT = {"rules_version": "smallint", "city_geoname_id": "integer"}
SESSION_COLUMNS = {field.name: _NOT_TEXT.get(field.name, "text") for field in fields(Attributes)}
COLUMNS = EVENT_COLUMNS | SESSION_COLUMNS

MAX_INTEGER = 2**31 - 1
MAX_SMALLINT = 2**15 - 1

attribute_values = attrgetter(*SESSION_COLUMNS)


def event_row(incoming: Incoming, session: Session, verdict: Verdict, *, user_agent: str | None) -> EventRow:
    """The row of an event whose session has its attributes. Raises ValueError or ArithmeticError for a
    revenue that is no number."""
    event = incoming.event
    revenue = event.revenue
    assert session.attributes is not None
    return (
        event.timestamp,
        incoming.envelope.received_at,
        session.started_at,
        hash64(event.website_id, event.visitor_id),
        session.session_hash,
        incoming.arrival,
        None if event.engaged_ms is None else _within(event.engaged_ms, MAX_INTEGER),
        None if event.scroll_depth is None else _within(event.scroll_depth, MAX_SMALLINT),
        event.interactive,
        verdict.is_bot,
        event.previous_visitor_id is None,
        session.is_new_user,
        event.id,
        event.website_id,
        event.visitor_id,
        session.session_id,
        event.event_type,
        event.page,
        event.title,
        verdict.category,
        list(verdict.reasons) if verdict.reasons else None,
        user_agent,
        None if revenue is None else revenue.currency,
        None if revenue is None else Decimal(revenue.amount),
        None if event.performance is None else msgspec.Raw(msgspec.json.encode(event.performance)),
        event.properties or None,
        *session.attributes,
    )


def _within(number: int, limit: int) -> int:
    # The binary form is cut to its width without a word.
    if not -limit <= number <= limit:
        raise ValueError(f"{number}: beyond {limit}")
    return number


class RawJsonbDumper(Dumper):
    """JSON text that is already there goes into a jsonb column as it is."""

    format = Format.BINARY
    oid = psycopg.adapters.types["jsonb"].oid

    def dump(self, obj: msgspec.Raw) -> bytes:
        # The binary form of jsonb: its version, then the text.
        return b"\x01" + bytes(obj)
