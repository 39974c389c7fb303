import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import LiteralString, cast

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.services import TIMESCALE
from tests.sql.events import MARK, MARK_VISITORS, Row, erase, put_website, write
from tests.sql.facts import differences, dirty_rows
from tests.sql.waiting import is_waiting, wait_until

MIDNIGHT = datetime(2026, 3, 10, tzinfo=UTC)
websites = (f"site-{number}" for number in count())

events = st.builds(
    Row,
    # Around midnight, on a grid, so that equal timestamps and bucket edges come often.
    timestamp=st.integers(-9, 9).map(lambda step: MIDNIGHT + timedelta(minutes=5 * step)),
    visitor=st.sampled_from((1, -2)),
    session=st.integers(1, 3),
    event_type=st.sampled_from(("pageview", "pageview", "signup", "engagement", "performance", "identify")),
    page=st.sampled_from(("/a", "/b", "/c")),
    hostname=st.sampled_from(("a.example.com", "b.example.com")),
    country=st.sampled_from((None, "DE", "FR")),
    interactive=st.booleans(),
    is_bot=st.sampled_from((False, False, True)),
    engaged_ms=st.none() | st.integers(0, 2**31 - 1),
    arrival=st.integers(0, 2**62),
)
steps = st.lists(
    st.tuples(
        st.lists(events, min_size=1, max_size=6, unique_by=lambda row: row.arrival),
        st.sampled_from(("none", "refresh", "erase", "erase and refresh")),
        st.sampled_from((MARK, MARK_VISITORS, MARK_VISITORS)),
    ),
    min_size=1,
    max_size=5,
)


@pytest.mark.rule("R43")
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(steps=steps)
def test_facts_equal_one_group_by_at_every_commit(
    march: str, steps: list[tuple[list[Row], str, LiteralString]]
) -> None:
    website_id = next(websites)
    with psycopg.connect(march, autocommit=True) as connection:
        put_website(connection, website_id, "UTC")
        connection.execute("CALL rollup_refresh()")
        for rows, then, mark in steps:
            write(connection, [_of(website_id, row) for row in rows], mark)
            assert differences(connection) == []
            if "erase" in then:
                erase(connection, website_id, rows[0].session)
                assert differences(connection) == []
            if "refresh" in then:
                connection.execute("CALL rollup_refresh()")
                assert (differences(connection), dirty_rows(connection)) == ([], 0)


@pytest.mark.rule("R20")
def test_a_session_that_goes_on_counts_anew_where_it_started(march: str) -> None:
    """Only the bucket of the later event is marked: what it touches is found from its events."""
    website_id = next(websites)
    later = MIDNIGHT + timedelta(minutes=20)
    with psycopg.connect(march, autocommit=True) as connection:
        write(connection, [_of(website_id, Row(timestamp=MIDNIGHT - timedelta(minutes=5)))])
        connection.execute("CALL rollup_refresh()")
        with connection.transaction():
            write(connection, [_of(website_id, Row(timestamp=later))])
            connection.execute("DELETE FROM rollup_dirty WHERE bucket < %s", (MIDNIGHT,))
        assert differences(connection) == []

        connection.execute("CALL rollup_refresh()")

        assert (differences(connection), dirty_rows(connection)) == ([], 0)
        assert connection.execute(
            "SELECT sessions, bounces FROM rollup_visits WHERE website_id = %s AND NOT has_bots", (website_id,)
        ).fetchall() == [(1, 0)]


@pytest.mark.rule("R37")
def test_a_website_that_moves_is_counted_by_its_new_days(march: str) -> None:
    website_id = next(websites)
    rows = [Row(timestamp=MIDNIGHT + timedelta(hours=hour), session=hour) for hour in (-1, 1, 30)]
    with psycopg.connect(march, autocommit=True) as connection:
        put_website(connection, website_id, "UTC")
        write(connection, [_of(website_id, row) for row in rows])
        connection.execute("CALL rollup_refresh()")
        by_utc = _visitors_by_day(connection, website_id)

        put_website(connection, website_id, "Asia/Kolkata")
        # A part of what there is each time; meanwhile lists are not read from here.
        parts = [_refreshed(connection, website_id) for _ in range(4)]

        assert differences(connection) == []
        assert by_utc == [(-1, 1), (0, 1), (1, 1)]
        assert _visitors_by_day(connection, website_id) == [(0, 1), (1, 1)]
        assert (parts[0], parts[-1]) == (False, True)


@pytest.mark.rule("R75")
def test_equal_timestamps_enter_and_leave_by_arrival(march: str) -> None:
    with psycopg.connect(march, autocommit=True) as connection:
        pages = [(3, "/last"), (1, "/first"), (2, "/middle")]
        write(connection, [Row(timestamp=MIDNIGHT, page=page, arrival=arrival) for arrival, page in pages])

        dirty = connection.execute("SELECT entry_page, exit_page FROM session_facts").fetchall()
        connection.execute("CALL rollup_refresh()")
        clean = connection.execute("SELECT entry_page, exit_page FROM session_facts").fetchall()

    assert dirty == clean == [("/first", "/last")]


@pytest.mark.parametrize("stage", ["rollup_sessions", "rollup_dirty"])
def test_a_refresh_that_dies_leaves_its_buckets_dirty(march: str, stage: str) -> None:
    rows = [Row(timestamp=MIDNIGHT + timedelta(minutes=20 * step), session=step) for step in range(5)]
    with psycopg.connect(march, autocommit=True) as connection, psycopg.connect(march) as blocker:
        write(connection, rows)
        connection.execute("CALL rollup_refresh()")
        write(connection, rows)
        dirty = dirty_rows(connection)
        # Held up before it writes the rollup, or before it cleans what it took.
        blocker.execute(f"LOCK TABLE {stage} IN SHARE MODE".encode())

        _call_and_kill(connection, march, "CALL rollup_refresh()")
        blocker.rollback()

        assert (differences(connection), dirty_rows(connection)) == ([], dirty)
        connection.execute("CALL rollup_refresh()")
        assert (differences(connection), dirty_rows(connection)) == ([], 0)


def test_writers_and_refreshers_at_once_never_show_a_wrong_number(march: str) -> None:
    writers_done = threading.Event()

    def keep_writing(writer: int) -> None:
        with psycopg.connect(march, autocommit=True) as connection:
            for step in range(40):
                minutes = (step * 7) % 90
                at = MIDNIGHT + timedelta(minutes=minutes)
                write(connection, [Row(timestamp=at, session=10 * writer + step % 3, visitor=writer)])

    def keep_refreshing() -> None:
        with psycopg.connect(march, autocommit=True) as connection:
            while not writers_done.is_set():
                connection.execute("CALL rollup_refresh()")

    # As the query API reads: planned anew each time, in one snapshot that is taken before the plan is made. A plan
    # that is kept, or older than its snapshot, may not know of a chunk made meanwhile.
    with ThreadPoolExecutor(5) as pool, psycopg.connect(march, autocommit=True, prepare_threshold=None) as reader:
        reader.execute("SET default_transaction_isolation = 'repeatable read'")
        writers = [pool.submit(keep_writing, writer) for writer in (1, 2)]
        refreshers = [pool.submit(keep_refreshing) for _ in range(2)]
        seen = [differences(reader)]
        while not all(writer.done() for writer in writers):
            seen.append(differences(reader))
        writers_done.set()
        for future in (*writers, *refreshers):
            future.result()
        reader.execute("SET default_transaction_isolation = 'read committed'")
        reader.execute("CALL rollup_refresh()")

        assert [difference for difference in seen if difference] == []
        assert (differences(reader), dirty_rows(reader)) == ([], 0)


def test_a_mark_with_a_lower_number_that_commits_while_refreshing_is_not_lost(march: str) -> None:
    with (
        psycopg.connect(march, autocommit=True) as connection,
        psycopg.connect(march) as slow,
        ThreadPoolExecutor(1) as pool,
        psycopg.connect(march) as blocker,
    ):
        write(connection, [Row(timestamp=MIDNIGHT, session=3)])
        # The slow writer draws its number first and commits last.
        slow.execute("SELECT 1")
        write(slow, [Row(timestamp=MIDNIGHT, session=1)])
        write(connection, [Row(timestamp=MIDNIGHT, session=2)])
        # Holds the refresh up after it has recomputed, before it cleans what it took.
        blocker.execute("SELECT FROM rollup_dirty FOR UPDATE")
        with psycopg.connect(march, autocommit=True) as refresher:
            refresh = pool.submit(refresher.execute, "CALL rollup_refresh()")
            wait_until(lambda: is_waiting(connection, refresher.info.backend_pid))
            slow.commit()
            blocker.rollback()
            refresh.result()

        assert differences(connection) == []


def test_what_a_refresh_writes_is_known_to_the_planner_at_once(march: str, flavour: str) -> None:
    if flavour != TIMESCALE:
        pytest.skip("the rows are in one table, and no index of it is preferred wrongly")
    with psycopg.connect(march, autocommit=True) as connection:
        write(connection, [Row(timestamp=MIDNIGHT - timedelta(days=30 * ago)) for ago in range(2)])

        connection.execute("CALL rollup_refresh()")

        chunks = connection.execute(
            "SELECT r.name, c.reltuples FROM (VALUES ('rollup_sessions'), ('rollup_site')) AS r (name)"
            " JOIN pg_inherits i ON i.inhparent = rows_of(r.name)::regclass JOIN pg_class c ON c.oid = i.inhrelid"
        ).fetchall()
        assert Counter(chunks) == {("rollup_sessions", 1.0): 2, ("rollup_site", 1.0): 2}


def test_the_rows_of_a_session_are_found_by_equality_before_autovacuum_has_seen_them(march: str) -> None:
    with psycopg.connect(march, autocommit=True) as connection:
        website_id = next(websites)
        put_website(connection, website_id, "UTC")
        write(connection, [Row(website_id=website_id, timestamp=MIDNIGHT, session=number) for number in range(3000)])
        connection.execute("CALL rollup_refresh()")

        plan = connection.execute(
            "EXPLAIN SELECT other.bucket"
            " FROM unnest(%s::timestamptz[], %s::bigint[]) AS known (started_at, session_hash)"
            " CROSS JOIN LATERAL ("
            "     SELECT bucket FROM listed_sessions l WHERE l.website_id = %s"
            "         AND l.session_started_at = known.started_at AND l.session_hash = known.session_hash"
            "         AND l.bucket >= known.started_at - INTERVAL '15 minutes'"
            "         AND l.bucket < known.started_at + INTERVAL '24 hours 15 minutes' OFFSET 0"
            " ) other",
            ([MIDNIGHT] * 3, [0, 1, 2], website_id),
        ).fetchall()

    used = [line for (line,) in plan if "Index Scan" in line]
    assert used
    assert all("rollup_sessions_session" in line for line in used), plan


def _of(website_id: str, row: Row) -> Row:
    return Row(**{**cast("dict[str, object]", vars(row)), "website_id": website_id})  # pyright: ignore[reportArgumentType]


def _visitors_by_day(connection: psycopg.Connection, website_id: str) -> list[tuple[int, int]]:
    """Days from midnight's, and the visitors of each."""
    rows = connection.execute(
        "SELECT day - %s::date, sum(visitors) FROM rollup_values WHERE website_id = %s AND dimension = 'everybody'"
        " GROUP BY 1 ORDER BY 1",
        (MIDNIGHT, website_id),
    ).fetchall()
    return [(int(day), int(visitors)) for day, visitors in rows]


def _refreshed(connection: psycopg.Connection, website_id: str) -> bool:
    """Whether one refresh later all of the website is counted."""
    connection.execute("CALL rollup_refresh()")
    row = connection.execute(
        "SELECT counted_until = 'infinity' FROM rollup_zones WHERE website_id = %s", (website_id,)
    ).fetchone()
    return row == (True,)


def _call_and_kill(connection: psycopg.Connection, database: str, statement: str) -> None:
    """Call in another connection and end that one as soon as it waits for a lock."""
    with psycopg.connect(database, autocommit=True) as victim, ThreadPoolExecutor(1) as pool:
        call = pool.submit(victim.execute, statement.encode())
        wait_until(lambda: is_waiting(connection, victim.info.backend_pid))
        connection.execute("SELECT pg_terminate_backend(%s, 5000)", (victim.info.backend_pid,))
        with pytest.raises(psycopg.OperationalError):
            call.result()
