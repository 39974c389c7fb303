"""A website keeps its raw events for fewer days than the others, and loses nothing that was counted."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest

from shared.clock import utc_now
from tests.sql.events import Row, write
from tests.sql.facts import dirty_rows, session_facts, site_facts

INSTALLATION_DAYS = 60
OWN_DAYS = 20
OWN, OTHER = "short", "long"


@pytest.fixture
def connection(database: str) -> Iterator[psycopg.Connection]:
    """Two websites, of which one keeps its events for fewer days."""
    with psycopg.connect(database, autocommit=True) as opened:
        opened.execute("INSERT INTO websites (website_id, name, retention_days) VALUES (%s, '', %s)", (OWN, OWN_DAYS))
        opened.execute("INSERT INTO websites (website_id, name) VALUES (%s, '')", (OTHER,))
        yield opened


def test_events_go_when_they_are_older_than_their_website_keeps_them(connection: psycopg.Connection) -> None:
    old, recent = _noon_before(OWN_DAYS + 2), _noon_before(OWN_DAYS - 2)
    _write(connection, [*_hits(old), *_hits(recent)])
    connection.execute("CALL rollup_refresh()")
    before = session_facts(connection), site_facts(connection)

    _keep(connection)

    assert _days_left(connection) == [(OTHER, old.date()), (OTHER, recent.date()), (OWN, recent.date())]
    assert _dropped(connection) == [(OWN, old.date(), True)]
    assert (session_facts(connection), site_facts(connection)) == before


@pytest.mark.rule("C20")
def test_late_events_of_others_leave_the_history_of_the_same_bucket(connection: psycopg.Connection) -> None:
    old = _noon_before(OWN_DAYS + 2)
    _write(connection, _hits(old))
    connection.execute("CALL rollup_refresh()")
    history = [row for row in session_facts(connection) if row[0] == OWN]
    _keep(connection)

    _write(connection, [Row(timestamp=old + timedelta(minutes=1), website_id=OTHER, session=9, visitor=9)])
    connection.execute("CALL rollup_refresh()")

    facts = session_facts(connection)
    assert history and [row for row in facts if row[0] == OWN] == history
    assert len([row for row in facts if row[0] == OTHER]) == len(history) + 1
    assert dirty_rows(connection) == 0


def test_an_event_for_a_dropped_day_of_its_website_is_refused(connection: psycopg.Connection) -> None:
    old = _noon_before(OWN_DAYS + 2)
    _write(connection, _hits(old))
    connection.execute("CALL rollup_refresh()")
    _keep(connection)
    before = session_facts(connection)

    with pytest.raises(psycopg.errors.CheckViolation):
        _write(connection, [Row(timestamp=old, website_id=OWN, session=9)])
    _write(connection, [Row(timestamp=old, website_id=OTHER, session=9)])

    assert len(session_facts(connection)) == len(before) + 1


def test_what_was_received_lately_or_is_not_rolled_up_stays(connection: psycopg.Connection) -> None:
    old, older = _noon_before(OWN_DAYS + 2), _noon_before(OWN_DAYS + 3)
    _write(connection, [Row(timestamp=old, website_id=OWN, received_at=utc_now())])
    connection.execute("CALL rollup_refresh()")
    _write(connection, [Row(timestamp=older, website_id=OWN)])

    _keep(connection)

    assert _days_left(connection) == [(OWN, older.date()), (OWN, old.date())]
    assert _dropped(connection) == []


def test_what_was_cut_off_is_gone_on_with(connection: psycopg.Connection) -> None:
    old = _noon_before(OWN_DAYS + 2)
    _write(connection, _hits(old))
    connection.execute("CALL rollup_refresh()")
    # Closed to writers, and then the server went down.
    connection.execute("INSERT INTO dropped_site_days (website_id, day) VALUES (%s, %s)", (OWN, old.date()))

    _keep(connection)

    assert (_days_left(connection), _dropped(connection)) == ([(OTHER, old.date())], [(OWN, old.date(), True)])


def test_a_longer_retention_than_the_installations_keeps_nothing_longer(connection: psycopg.Connection) -> None:
    connection.execute("UPDATE websites SET retention_days = 90 WHERE website_id = %s", (OWN,))
    old = _noon_before(INSTALLATION_DAYS + 2)
    _write(connection, _hits(old))
    connection.execute("CALL rollup_refresh()")

    connection.execute("CALL keep_house(%s)", (INSTALLATION_DAYS,))
    _keep(connection)

    assert (_days_left(connection), _dropped(connection)) == ([], [])


def _hits(moment: datetime) -> list[Row]:
    """A session of two events on each of the websites, in two buckets."""
    return [
        Row(timestamp=moment + timedelta(minutes=minutes), website_id=website_id, visitor=5, session=number)
        for number, website_id in enumerate((OWN, OTHER))
        for minutes in (0, 20)
    ]


def _write(connection: psycopg.Connection, rows: list[Row]) -> None:
    for day in {row.timestamp.date() for row in rows}:
        connection.execute("SELECT ensure_days(%s, %s)", (day, day))
    write(connection, rows)


def _keep(connection: psycopg.Connection) -> None:
    connection.execute("CALL keep_websites(%s)", (INSTALLATION_DAYS,))


def _noon_before(days: int) -> datetime:
    return datetime.combine(utc_now().date() - timedelta(days=days), datetime.min.time(), UTC) + timedelta(hours=12)


def _days_left(connection: psycopg.Connection) -> list[tuple[str, date]]:
    found = connection.execute(
        """SELECT DISTINCT website_id, ("timestamp" AT TIME ZONE 'UTC')::date FROM events ORDER BY 1, 2"""
    )
    return [(row[0], row[1]) for row in found.fetchall()]


def _dropped(connection: psycopg.Connection) -> list[tuple[str, date, bool]]:
    found = connection.execute("SELECT website_id, day, is_empty FROM dropped_site_days ORDER BY 1, 2")
    return [(row[0], row[1], row[2]) for row in found.fetchall()]
