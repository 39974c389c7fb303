from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest

from shared.clock import utc_now
from tests.sql.events import Row, write
from tests.sql.facts import differences, dirty_rows, session_facts, site_facts

RETENTION_DAYS = 30


def test_retention_drops_old_events_and_keeps_their_rollups(database: str) -> None:
    old, recent = _noon_before(RETENTION_DAYS + 2), _noon_before(RETENTION_DAYS - 2)
    with psycopg.connect(database, autocommit=True) as connection:
        _write(connection, [Row(timestamp=old), Row(timestamp=old + timedelta(hours=5)), Row(timestamp=recent)])
        connection.execute("CALL rollup_refresh()")
        before = session_facts(connection), site_facts(connection)

        connection.execute("CALL keep_house(%s)", (RETENTION_DAYS,))

        assert _days_with_events(connection) == [recent.date()]
        assert _dropped_days(connection) == [old.date()]
        assert (session_facts(connection), site_facts(connection)) == before


def test_later_refreshes_beside_a_dropped_day_keep_its_rollups(database: str) -> None:
    old = _noon_before(RETENTION_DAYS + 2)
    last_bucket, next_day = old.replace(hour=23, minute=50), old.replace(hour=0) + timedelta(days=1)
    with psycopg.connect(database, autocommit=True) as connection:
        _write(connection, [Row(timestamp=last_bucket)])
        connection.execute("CALL rollup_refresh()")
        connection.execute("CALL keep_house(%s)", (RETENTION_DAYS,))
        history = session_facts(connection)

        _write(connection, [Row(timestamp=next_day, session=2, received_at=utc_now())])
        connection.execute("CALL rollup_refresh()")
        connection.execute("CALL keep_house(%s)", (RETENTION_DAYS,))

        assert dirty_rows(connection) == 0
        assert [row for row in session_facts(connection) if row in history] == history
        assert len(session_facts(connection)) == len(history) + 1


def test_an_event_for_a_dropped_day_is_refused(database: str) -> None:
    old = _noon_before(RETENTION_DAYS + 2)
    with psycopg.connect(database, autocommit=True) as connection:
        _write(connection, [Row(timestamp=old)])
        connection.execute("CALL rollup_refresh()")
        connection.execute("CALL keep_house(%s)", (RETENTION_DAYS,))
        history = session_facts(connection)

        with pytest.raises(psycopg.errors.CheckViolation):
            _write(connection, [Row(timestamp=old, session=2)])
        with pytest.raises(psycopg.errors.CheckViolation):
            connection.execute("INSERT INTO rollup_dirty (website_id, bucket) VALUES ('example.com', %s)", (old,))

        assert session_facts(connection) == history


def test_an_import_of_old_days_stays(database: str) -> None:
    old = _noon_before(400)
    with psycopg.connect(database, autocommit=True) as connection:
        _write(connection, [Row(timestamp=old, received_at=utc_now()), Row(timestamp=old)])
        connection.execute("CALL rollup_refresh()")

        connection.execute("CALL keep_house(%s)", (RETENTION_DAYS,))

        assert _days_with_events(connection) == [old.date()]
        assert differences(connection) == []


def test_a_day_not_yet_rolled_up_stays(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        _write(connection, [Row(timestamp=_noon_before(RETENTION_DAYS + 2))])

        connection.execute("CALL keep_house(%s)", (RETENTION_DAYS,))
        assert differences(connection) == []

        connection.execute("CALL rollup_refresh()")
        connection.execute("CALL keep_house(%s)", (RETENTION_DAYS,))
        assert len(_dropped_days(connection)) == 1


def test_a_day_that_never_had_an_event_can_still_be_imported(database: str) -> None:
    old = _noon_before(RETENTION_DAYS + 2)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("SELECT ensure_days(%s, %s)", (old.date(), old.date()))
        connection.execute("CALL keep_house(%s)", (RETENTION_DAYS,))

        _write(connection, [Row(timestamp=old, received_at=utc_now())])

        assert _dropped_days(connection) == []
        assert len(session_facts(connection)) == 1


def test_there_is_room_for_the_coming_week(database: str) -> None:
    today = utc_now().date()
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CALL keep_house(%s)", (RETENTION_DAYS,))

        write(connection, [Row(timestamp=_noon_before(-ahead)) for ahead in range(-1, 8)])
        for ahead in range(-8, 9):
            connection.execute(
                "INSERT INTO event_seen (bucket, key) VALUES (%s, gen_random_uuid())", (today + timedelta(days=ahead),)
            )


@pytest.mark.parametrize("room", ["ensure_days", "ensure_seen_days"])
def test_many_workers_make_room_at_once(database: str, room: str) -> None:
    def make_room(offset: int) -> None:
        with psycopg.connect(database) as connection:
            first = date(2025, 2, 1) + timedelta(days=offset)
            connection.execute(f"SELECT {room}(%s, %s)".encode(), (first, first + timedelta(days=10)))

    with ThreadPoolExecutor(4) as pool:
        assert len(list(pool.map(make_room, [0, 3, 3, 6]))) == 4


def test_making_room_waits_for_no_writer_and_no_reader(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection, psycopg.connect(database) as busy:
        connection.execute("SELECT ensure_days('2025-02-01', '2025-02-01')")
        busy.execute("SELECT count(*) FROM events")
        busy.execute("LOCK TABLE events IN ROW EXCLUSIVE MODE")
        connection.execute("SET lock_timeout = '1ms'")

        connection.execute("SELECT ensure_days('2025-02-01', '2025-02-05')")


def test_what_has_served_is_dropped(database: str) -> None:
    today = utc_now().date()
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("SELECT ensure_seen_days(%s, %s)", (today - timedelta(days=12), today))
        seen = "INSERT INTO event_seen (bucket, key, seen_at) VALUES (%s, gen_random_uuid(), now() - %s)"
        for bucket in (today, today - timedelta(days=9), today - timedelta(days=10)):
            connection.execute(seen, (bucket, timedelta()))
        for age in (7, 9):
            connection.execute(seen, ("2000-01-01", timedelta(days=age)))
        connection.execute(seen, ("1999-01-01", timedelta(days=400)))

        connection.execute("CALL keep_house(%s)", (RETENTION_DAYS,))

        left = connection.execute("SELECT bucket FROM event_seen ORDER BY bucket").fetchall()
        assert left == [(date(1999, 1, 1),), (date(2000, 1, 1),), (today - timedelta(days=9),), (today,)]


def test_the_ledger_forgets_only_what_cannot_come_again(database: str) -> None:
    day_ms = 86_400_000
    entries = [
        # (partition, entry_ms, days since it was consumed)
        (0, 0, 3),
        (0, 3 * day_ms, 0),
        # The newest of its partition: after a long stop it may not have been acknowledged.
        (1, 0, 30),
        # Long in the stream, consumed just now.
        (2, 0, 0),
        (2, 5 * day_ms, 0),
    ]
    with psycopg.connect(database, autocommit=True) as connection:
        for partition, entry_ms, age in entries:
            connection.execute(
                "INSERT INTO ingest_ledger (partition, entry_ms, entry_seq, consumed_at)"
                " VALUES (%s, %s, 0, now() - %s)",
                (partition, entry_ms, timedelta(days=age)),
            )

        connection.execute("CALL keep_house(%s)", (RETENTION_DAYS,))

        left = connection.execute("SELECT partition, entry_ms FROM ingest_ledger ORDER BY 1, 2").fetchall()
        assert left == [(0, 3 * day_ms), (1, 0), (2, 0), (2, 5 * day_ms)]


def test_dead_letters_and_old_versions_are_let_go(database: str) -> None:
    today = utc_now().date()
    with psycopg.connect(database, autocommit=True) as connection:
        for entry, age in enumerate((29, 31)):
            connection.execute(
                "INSERT INTO dead_letter (partition, entry_ms, entry_seq, position, died_at, reason, error, payload)"
                " VALUES (0, %s, 0, 0, now() - %s, 'invalid', '', '')",
                (entry, timedelta(days=age)),
            )
        for age in (0, 40, 41):
            connection.execute(
                "INSERT INTO data_versions (website_id, day, writer) VALUES ('example.com', %s, 1)",
                (today - timedelta(days=age),),
            )

        connection.execute("CALL keep_books()")

        letters = connection.execute("SELECT entry_ms FROM dead_letter").fetchall()
        versions = connection.execute("SELECT day FROM data_versions ORDER BY day").fetchall()
    assert (letters, versions) == ([(0,)], [(today - timedelta(days=40),), (today,)])


def test_a_version_that_was_let_go_never_comes_back(database: str) -> None:
    old = _noon_before(50)
    with psycopg.connect(database, autocommit=True) as connection:
        versions: list[object] = []
        for _ in range(2):
            _write(connection, [Row(timestamp=old, received_at=utc_now())])
            versions += connection.execute("SELECT changes FROM data_versions").fetchall()
            connection.execute("CALL keep_books()")

    assert len(set(versions)) == 2


def _noon_before(days: int) -> datetime:
    return datetime.combine(utc_now().date() - timedelta(days=days), datetime.min.time(), UTC) + timedelta(hours=12)


def _write(connection: psycopg.Connection, rows: list[Row]) -> None:
    """As a worker does: room first, then the rows."""
    days = [row.timestamp.date() for row in rows]
    connection.execute("SELECT ensure_days(%s, %s)", (min(days), max(days)))
    write(connection, rows)


def _days_with_events(connection: psycopg.Connection) -> list[date]:
    found = connection.execute("""SELECT DISTINCT ("timestamp" AT TIME ZONE 'UTC')::date FROM events ORDER BY 1""")
    return [row[0] for row in found.fetchall()]


def _dropped_days(connection: psycopg.Connection) -> list[date]:
    return [row[0] for row in connection.execute("SELECT day FROM dropped_days ORDER BY day").fetchall()]
