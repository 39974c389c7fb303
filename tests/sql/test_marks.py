"""What a mark in `rollup_dirty` says, and how much it has readers and the refresh look at."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest

from sql.migrate import MIGRATIONS, migrate
from tests.sql.events import MARK, MARK_VISITORS, Row, put_website, write
from tests.sql.facts import differences, dirty_rows
from tests.sql.waiting import is_waiting, wait_until

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
SITE = "example.com"
BUCKET = {"website_id": SITE, "bucket": NOON}


def test_a_mark_has_only_those_read_from_the_events_whom_it_names(march: str) -> None:
    with psycopg.connect(march, autocommit=True) as connection:
        _two_visitors_one_of_whom_lost_events(connection)

        write(connection, [Row(timestamp=NOON, visitor=1, session=1)])
        named = _pageviews(connection)
        connection.execute("INSERT INTO rollup_dirty (website_id, bucket) VALUES (%(website_id)s, %(bucket)s)", BUCKET)
        whole = _pageviews(connection)

    assert named == ([(1, 2), (2, 1)], 3, 2)
    assert whole == ([(1, 2)], 2, 1)


def test_a_refresh_recomputes_only_those_whom_marks_name(march: str) -> None:
    with psycopg.connect(march, autocommit=True) as connection:
        _two_visitors_one_of_whom_lost_events(connection)

        write(connection, [Row(timestamp=NOON, visitor=1, session=1)])
        connection.execute("CALL rollup_refresh()")
        named = _pageviews(connection)
        connection.execute("INSERT INTO rollup_dirty (website_id, bucket) VALUES (%(website_id)s, %(bucket)s)", BUCKET)
        connection.execute("CALL rollup_refresh()")
        whole = _pageviews(connection)

    assert named == ([(1, 2), (2, 1)], 3, 2)
    assert whole == ([(1, 2)], 2, 1)


def test_a_bucket_in_which_too_many_are_named_is_read_and_rolled_up_whole(march: str) -> None:
    with psycopg.connect(march, autocommit=True) as connection:
        write(connection, [Row(timestamp=NOON, visitor=visitor, session=visitor) for visitor in (1, 2)])
        connection.execute(
            "INSERT INTO rollup_dirty"
            " (website_id, bucket, visitors, is_bot, pageviews, custom_events, events, persistent_events)"
            " SELECT %(website_id)s, %(bucket)s, array_agg(number), false, 0, 0, 0, 0"
            " FROM generate_series(1, 100001) number",
            BUCKET,
        )

        kinds = connection.execute("SELECT is_unknown, is_whole FROM dirty_buckets('-infinity', 'infinity')").fetchall()
        dirty = differences(connection)
        connection.execute("CALL rollup_refresh()")

        assert kinds == [(False, True)]
        assert (dirty, differences(connection), dirty_rows(connection)) == ([], [], 0)


@pytest.mark.parametrize("mark", [MARK, MARK_VISITORS], ids=["unknown", "named"])
def test_what_is_told_of_a_bucket_while_it_is_rolled_up_waits_for_the_next_time(
    march: str, mark: LiteralString
) -> None:
    with (
        psycopg.connect(march, autocommit=True) as connection,
        psycopg.connect(march) as blocker,
        psycopg.connect(march, autocommit=True) as refresher,
        ThreadPoolExecutor(1) as pool,
    ):
        write(connection, [Row(timestamp=NOON, session=1)], mark)
        # Holds the refresh up after it has seen whom the marks name, before it counts what they add and clears them.
        blocker.execute("LOCK TABLE rollup_sessions IN SHARE MODE")
        refresh = pool.submit(refresher.execute, "CALL rollup_refresh()")
        wait_until(lambda: is_waiting(connection, refresher.info.backend_pid))
        write(connection, [Row(timestamp=NOON, session=2, visitor=2)], mark)
        blocker.rollback()
        refresh.result()

        assert (differences(connection), dirty_rows(connection)) == ([], 1)
        connection.execute("CALL rollup_refresh()")
        assert (differences(connection), dirty_rows(connection)) == ([], 0)


def test_a_refresh_has_the_planner_look_only_at_what_has_grown(march: str) -> None:
    with psycopg.connect(march, autocommit=True) as connection:
        write(connection, [Row(timestamp=NOON)])
        connection.execute("CALL rollup_refresh()")
        # What is partitioned then says that it has -1 pages.
        connection.execute("ANALYZE")
        looked_at = _analyses(connection)

        write(connection, [Row(timestamp=NOON)])
        connection.execute("CALL rollup_refresh()")

        assert looked_at > 0
        assert _analyses(connection) == looked_at


def test_a_mark_says_all_of_what_it_changes_or_nothing(march: str) -> None:
    with psycopg.connect(march, autocommit=True) as connection, pytest.raises(psycopg.errors.CheckViolation):
        connection.execute(
            "INSERT INTO rollup_dirty (website_id, bucket, visitors) VALUES (%(website_id)s, %(bucket)s, '{1}')", BUCKET
        )


def test_a_report_without_the_wall_looks_for_nobody_of_other_websites(march: str) -> None:
    with psycopg.connect(march, autocommit=True) as connection:
        write(connection, [Row(timestamp=NOON, website_id=website_id) for website_id in (SITE, "other.example")])
        with connection.transaction():
            connection.execute("DROP SCHEMA IF EXISTS pinned CASCADE")
            connection.execute("SELECT pin_website(%s)", (SITE,))
            found = connection.execute(
                "SELECT website_id FROM named_sessions_between('-infinity', 'infinity')"
            ).fetchall()

    assert found == [(SITE,)]


def test_sessions_told_of_before_they_were_rolled_up_count_once_after_the_migration(
    blank_database: str, tmp_path: Path
) -> None:
    """Up to 0046 `rollup_visits` had what was dirty as well."""
    for path in MIGRATIONS.iterdir():
        if path.name < "0047":
            (tmp_path / path.name).write_bytes(path.read_bytes())
    migrate(blank_database, tmp_path)
    with psycopg.connect(blank_database, autocommit=True) as connection:
        connection.execute("SELECT ensure_days('2026-03-08', '2026-03-11')")
        put_website(connection, SITE, "UTC")
        write(connection, [Row(timestamp=NOON - timedelta(hours=1), session=1)], MARK)
        connection.execute("CALL rollup_refresh()")
        write(connection, [Row(timestamp=NOON + timedelta(minutes=step), session=step // 10) for step in (5, 20)], MARK)
        connection.execute("CALL visits_recompute(%s, %s)", ([SITE], [NOON]))

        migrate(blank_database)

        dirty = differences(connection)
        connection.execute("CALL rollup_refresh()")
        assert (dirty, differences(connection), dirty_rows(connection)) == ([], [], 0)


def _two_visitors_one_of_whom_lost_events(connection: psycopg.Connection) -> None:
    """Rolled up with both; the events of the second are gone, and nothing says so."""
    write(connection, [Row(timestamp=NOON, visitor=visitor, session=visitor) for visitor in (1, 2)])
    connection.execute("CALL rollup_refresh()")
    connection.execute("DELETE FROM events WHERE visitor_hash = 2")


def _pageviews(connection: psycopg.Connection) -> tuple[list[tuple[object, ...]], int, int]:
    """Page views by visitor and in all, and how many sessions."""
    by_visitor = connection.execute("SELECT visitor_hash, pageviews FROM session_facts ORDER BY 1").fetchall()
    site = connection.execute("SELECT sum(pageviews)::integer FROM site_facts").fetchone()
    visits = connection.execute(
        "SELECT sum(sessions)::integer FROM visit_facts_between(%s, '-infinity', 'infinity') WHERE NOT has_bots",
        (SITE,),
    ).fetchone()
    assert site is not None
    assert visits is not None
    return by_visitor, site[0], visits[0]


def _analyses(connection: psycopg.Connection) -> int:
    """How often any table was analyzed, but for autovacuum."""
    connection.execute("SELECT pg_stat_force_next_flush()")
    row = connection.execute("SELECT sum(analyze_count)::integer FROM pg_stat_all_tables").fetchone()
    assert row is not None
    return row[0]
