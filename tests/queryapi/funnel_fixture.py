"""Events written straight into the table, and funnels asked of them."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg.types.json import Jsonb

from queryapi.database import Reader
from queryapi.dimensions import SESSION_DIMENSIONS
from queryapi.funnel import Definition, Step
from queryapi.funnel_people import find_people
from queryapi.funnel_statement import Question, compile_funnel, compile_total
from queryapi.query import Condition, Query, Range
from queryapi.rows import Row, whole
from tests.queryapi.funnel_model import Happening, PlainFunnel

SINCE = datetime(2026, 3, 2, tzinfo=UTC)

_INSERT = """
    INSERT INTO events (
        "timestamp", received_at, session_started_at, visitor_hash, session_hash, arrival, rules_version,
        interactive, is_bot, is_persistent, id, website_id, visitor_id, session_id, event_type, page, channel, country,
        device, properties
    ) VALUES (
        %(at)s, %(at)s, %(at)s, %(visitor_hash)s, %(session_hash)s, %(arrival)s, 1, true, %(is_bot)s, false, %(id)s,
        %(website_id)s, %(visitor)s, %(session)s, %(event_type)s, %(page)s, 'Direct', %(country)s, 'desktop',
        %(properties)s
    )
"""
_MARK_DIRTY = """
    INSERT INTO rollup_dirty (website_id, bucket)
    SELECT DISTINCT website_id, date_bin('15 minutes', "timestamp", timestamptz '2000-01-01 00:00:00Z')
    FROM events
    WHERE website_id = %s
"""


def store(database: str, website_id: str, events: Sequence[Happening]) -> None:
    """The events as the worker leaves them; their seconds count from SINCE."""
    with psycopg.connect(database) as connection:
        connection.execute("SELECT ensure_days('2026-03-01', '2026-03-06')")
        connection.commit()
        connection.execute(
            "INSERT INTO websites (website_id, name) VALUES (%s, 'test') ON CONFLICT DO NOTHING", (website_id,)
        )
        connection.cursor().executemany(_INSERT, [_row(website_id, event) for event in events])
        connection.execute(_MARK_DIRTY, (website_id,))


def ask(
    database: str,
    website_id: str,
    funnel: PlainFunnel,
    filters: Sequence[Condition] = (),
    *,
    split_by: str | None = None,
    one_in: int = 1,
) -> tuple[int, Sequence[Row]]:
    """The total and the rows of a funnel, of one in so many visitors."""
    query = replace(_query(website_id, funnel, filters), one_in=one_in)
    return asyncio.run(_ask(database, _definition(funnel), query, split_by))


def in_sample(website_id: str, visitor: str, one_in: int) -> bool:
    """Whether the visitor is one of the one in so many."""
    return _hash(website_id, visitor) < 2**64 // one_in - 2**63


def counts(rows: Sequence[Row], steps: int) -> tuple[int, ...]:
    """People by step, 0 where there is no row."""
    found = {whole(row["step"]): whole(row["people"]) for row in rows if row["place"] is None}
    return tuple(found.get(step, 0) for step in range(1, steps + 1))


def people_at_steps(
    database: str,
    funnel: PlainFunnel,
    events: Sequence[Happening],
    filters: Sequence[Condition] = (),
) -> tuple[int, ...]:
    website_id = uuid4().hex
    store(database, website_id, events)
    _, rows = ask(database, website_id, funnel, filters)
    return counts(rows, len(funnel.steps))


async def _ask(database: str, definition: Definition, query: Query, split_by: str | None) -> tuple[int, Sequence[Row]]:
    async with await AsyncConnection[DictRow].connect(database, row_factory=dict_row) as connection:
        reader = Reader(connection)
        until = query.range.until + timedelta(seconds=definition.window_seconds)
        people = await find_people(reader, definition.scope, query, until)
        dimension = SESSION_DIMENSIONS[split_by] if split_by else None
        question = Question(definition, query, people, dimension)
        total = await reader.rows(compile_total(question))
        return whole(total[0]["people"]), await reader.rows(compile_funnel(question))


def _definition(funnel: PlainFunnel) -> Definition:
    steps = tuple(
        Step(
            id=uuid4(),
            name=str(index),
            page=step.page,
            event_type=step.event_type,
            properties=dict(step.properties),
        )
        for index, step in enumerate(funnel.steps)
    )
    return Definition(
        name="funnel",
        steps=steps,
        scope="session" if funnel.is_of_sessions else "visitor",
        order="strict" if funnel.is_strict else "ordered",
        window_seconds=funnel.window,
    )


def _query(website_id: str, funnel: PlainFunnel, filters: Sequence[Condition]) -> Query:
    until = SINCE + timedelta(seconds=funnel.length)
    return Query(
        website_id=website_id,
        range=Range(since=SINCE, until=until, zone=ZoneInfo("UTC"), label="test"),
        metrics=(),
        filters=tuple(filters),
        include_bots=funnel.include_bots,
        as_of=until,
    )


def _row(website_id: str, event: Happening) -> dict[str, object]:
    return {
        "at": SINCE + timedelta(seconds=event.second),
        "visitor_hash": _hash(website_id, event.visitor),
        "session_hash": _hash(website_id, event.session),
        "arrival": event.arrival,
        "is_bot": event.is_bot,
        "id": uuid4(),
        "website_id": website_id,
        "visitor": event.visitor,
        "session": event.session,
        "event_type": event.event_type,
        "page": event.page,
        "country": event.country,
        "properties": Jsonb(dict(event.properties)) if event.properties else None,
    }


def _hash(website_id: str, text: str) -> int:
    return int.from_bytes(hashlib.blake2b(f"{website_id}\0{text}".encode(), digest_size=8).digest(), signed=True)
