"""A row made by hand holds what psycopg would have written of the same values, however hostile."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import LiteralString, TypedDict
from uuid import UUID

import msgspec
import psycopg
from hypothesis import HealthCheck, settings
from hypothesis import given as generated
from hypothesis import strategies as st
from psycopg import sql
from psycopg.types.json import Json

from shared.event import Envelope, Event, Revenue
from tests.worker.given import SITE
from worker.batch import Entry, Incoming
from worker.bot import HUMAN, Verdict
from worker.enrich import Attributes
from worker.fields import SIGNATURE, TRAILER
from worker.hashes import hash64
from worker.row import COLUMNS, attribute_piece, event_row, owner_piece
from worker.session import Session

_COPY = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)")
_TABLES: tuple[LiteralString, ...] = ("by_hand", "by_psycopg")
# Everything that PostgreSQL can hold: the gateway takes out U+0000, JSON lone surrogates.
_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
_bigint = st.integers(-(2**63), 2**63 - 1)
_moment = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 (zone given beside)
_maybe = _text | st.none()
_properties = st.dictionaries(_text, _text | st.integers(-9, 9) | st.booleans() | st.none(), max_size=3)
_attributes = st.builds(
    Attributes,
    **{name: _maybe for name in Attributes._fields if name not in {"rules_version", "city_geoname_id"}}
    | {"channel": _text, "device": _text},
    rules_version=st.integers(0, 2**15 - 1),
    city_geoname_id=st.integers(-(2**31), 2**31 - 1) | st.none(),
)
_verdict = st.just(HUMAN) | st.builds(
    Verdict, is_bot=st.just(value=True), category=_maybe, reasons=st.lists(_text, max_size=3).map(tuple)
)
_event = st.builds(
    Event,
    website_id=st.just(SITE),
    id=st.uuids(),
    timestamp=_moment,
    visitor_id=_text,
    previous_visitor_id=_maybe,
    event_type=_text,
    page=_text,
    title=_maybe,
    interactive=st.booleans(),
    engaged_ms=st.integers(0, 2**31 - 1) | st.none(),
    scroll_depth=st.integers(0, 100) | st.none(),
    revenue=st.builds(Revenue, st.decimals(-(10**14), 10**14, places=4).map(str), st.just("EUR")) | st.none(),
    performance=st.dictionaries(st.sampled_from(["lcp", "cls"]), st.floats(0, 1e9), min_size=1) | st.none(),
    properties=_properties.map(lambda flat: msgspec.Raw(msgspec.json.encode(flat))) | st.just(msgspec.UNSET),
)


class _Written(TypedDict):
    event: Event
    received_at: datetime
    arrival: int
    session: tuple[datetime, int, bool | None, str]
    attributes: Attributes
    verdict: Verdict
    user_agent: str | None


_written: st.SearchStrategy[_Written] = st.fixed_dictionaries(
    {
        "event": _event,
        "received_at": _moment,
        "arrival": _bigint,
        "session": st.tuples(_moment, _bigint, st.booleans() | st.none(), _text),
        "attributes": _attributes,
        "verdict": _verdict,
        "user_agent": _maybe,
    }
)  # pyright: ignore[reportAssignmentType] -- fixed_dictionaries knows no TypedDict


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@generated(rows=st.lists(_written, min_size=1, max_size=5))
def test_row_holds_what_psycopg_would_have_written(database: str, rows: list[_Written]) -> None:
    with psycopg.connect(database) as connection:
        for table in _TABLES:
            connection.execute(
                sql.SQL("CREATE TEMPORARY TABLE {} (LIKE events) ON COMMIT DROP").format(sql.Identifier(table))
            )
        columns = sql.SQL(", ").join(map(sql.Identifier, COLUMNS))
        by_hand, by_psycopg = (_COPY.format(sql.Identifier(table), columns) for table in _TABLES)
        with connection.cursor().copy(by_hand) as copy:
            copy.write(SIGNATURE + b"".join(map(_row, rows)) + TRAILER)
        with connection.cursor().copy(by_psycopg) as copy:
            copy.set_types(list(COLUMNS.values()))
            for row in rows:
                values = _values(row)
                copy.write_row([values[name] for name in COLUMNS])

        difference = connection.execute(
            "(TABLE by_hand EXCEPT ALL TABLE by_psycopg) UNION ALL (TABLE by_psycopg EXCEPT ALL TABLE by_hand)"
        ).fetchall()
    assert difference == []


def _row(row: _Written) -> bytes:
    event = row["event"]
    started_at, session_hash, is_new_user, session_id = row["session"]
    session = Session(
        event.website_id,
        session_id,
        session_hash,
        started_at,
        0,
        started_at,
        is_client=False,
        is_new_user=is_new_user,
        attributes=attribute_piece(row["attributes"]),
    )
    envelope = Envelope(1, row["received_at"], None, "", False, [event])
    incoming = Incoming(Entry(0, 0, 0, ()), 0, row["arrival"], event, envelope)
    return event_row(incoming, owner_piece(event.visitor_id, session), row["verdict"], row["user_agent"])


def _values(row: _Written) -> Mapping[str, object]:
    event, verdict = row["event"], row["verdict"]
    started_at, session_hash, is_new_user, session_id = row["session"]
    properties = None if event.properties is msgspec.UNSET else msgspec.json.decode(event.properties)
    return row["attributes"]._asdict() | {
        "timestamp": event.timestamp,
        "received_at": row["received_at"],
        "arrival": row["arrival"],
        "interactive": event.interactive,
        "is_bot": verdict.is_bot,
        "is_persistent": event.previous_visitor_id is None,
        "id": UUID(int=event.id.int),
        "event_type": event.event_type,
        "page": event.page,
        "title": event.title,
        "engaged_ms": event.engaged_ms,
        "scroll_depth": event.scroll_depth,
        "bot_category": verdict.category,
        "bot_reasons": list(verdict.reasons) or None,
        "user_agent": row["user_agent"],
        "revenue_currency": None if event.revenue is None else event.revenue.currency,
        "revenue_amount": None if event.revenue is None else Decimal(event.revenue.amount),
        "performance": None if event.performance is None else Json(event.performance),
        "properties": None if properties is None else Json(properties),
        "visitor_hash": hash64(event.website_id, event.visitor_id),
        "website_id": event.website_id,
        "visitor_id": event.visitor_id,
        "session_started_at": started_at,
        "session_hash": session_hash,
        "is_new_user": is_new_user,
        "session_id": session_id,
    }
