"""The indexes that samples of visitors are read from."""

from dataclasses import replace
from datetime import UTC, datetime
from secrets import token_hex
from uuid import uuid4
from zoneinfo import ZoneInfo

import psycopg
import pytest
from psycopg import sql

from queryapi.query import Query, Range

MOMENT = datetime(2026, 3, 2, 10, tzinfo=UTC)
_INDEXES = {
    "rollup_sessions_quarter": 4,
    "rollup_sessions_sixteenth": 16,
    "rollup_sessions_sixty_fourth": 64,
    "events_sixteenth": 16,
}
_QUERY = Query(
    website_id="site", range=Range(since=MOMENT, until=MOMENT, zone=ZoneInfo("UTC"), label=""), metrics=(), as_of=MOMENT
)


@pytest.mark.parametrize(("index", "one_in"), _INDEXES.items(), ids=str)
def test_index_holds_the_sample_that_reports_ask_for(database: str, index: str, one_in: int) -> None:
    with psycopg.connect(database) as connection:
        rows = connection.execute(
            "SELECT pg_get_expr(indpred, indrelid) FROM pg_index WHERE indexrelid::regclass::text ~ %s", (f"{index}$",)
        ).fetchall()

    bound = replace(_QUERY, one_in=one_in).greatest_hash
    assert [row[0] for row in rows] == [f"(visitor_hash < '{bound}'::bigint)"]


def test_longest_event_fits_into_the_indexes(database: str) -> None:
    """Every text as long as the gateway, the parser of user agents and maps of the world make it, and nothing that
    could be packed: a row of an index that is too long would stop its partition for good."""
    bytes_of = {
        "website_id": 128, "event_type": 400, "page": 2048, "referrer": 2048, "hostname": 253, "source": 255,
        "utm_source": 255, "utm_medium": 255, "utm_campaign": 255, "utm_term": 255, "utm_content": 255, "country": 2,
        "continent": 2, "region": 64, "city": 128, "channel": 32, "browser": 256, "os": 256, "browser_version": 16,
        "os_version": 33, "device": 9, "screen": 32, "language": 35, "visitor_id": 255, "session_id": 255,
    }  # fmt: skip
    numbers = {"visitor_hash": -(2**63), "session_hash": 1, "arrival": 1, "engaged_ms": 1, "rules_version": 1}
    event: dict[str, object] = {
        **dict.fromkeys(("timestamp", "received_at", "session_started_at"), MOMENT),
        **dict.fromkeys(("interactive", "is_persistent"), True),
        **{name: token_hex(size)[:size] for name, size in bytes_of.items()},
        **numbers,
        "is_bot": False,
        "id": uuid4(),
    }

    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("SELECT ensure_days('2026-03-02', '2026-03-02')")
        connection.execute(
            sql.SQL("INSERT INTO events ({}) VALUES ({})").format(
                sql.SQL(", ").join(map(sql.Identifier, event)), sql.SQL(", ").join(map(sql.Placeholder, event))
            ),
            event,
        )
        connection.execute(
            "INSERT INTO rollup_dirty (website_id, bucket) VALUES (%s, %s)", (event["website_id"], MOMENT)
        )
        connection.execute("CALL rollup_refresh()")
        row = connection.execute("SELECT visitor_hash FROM rollup_sessions").fetchone()

    assert row == (-(2**63),)
