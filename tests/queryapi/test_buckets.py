"""Local days and hours as instants, against PostgreSQL's own rules and on the odd nights."""

import random
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queryapi.buckets import INTERVALS, Interval, bucket_starts, day_start
from shared.zones import zone_names

YEAR = datetime(2026, 1, 1, tzinfo=UTC)
# Drawn once, the same in every run; not among them the zones whose rules the two tables know differently.
ZONES = random.Random(42).sample(sorted(zone_names()), 30)


@pytest.mark.rule("R38")
@pytest.mark.parametrize("zone", ZONES)
def test_days_and_hours_are_those_of_at_time_zone(postgres_url: str, zone: str) -> None:
    moments = [YEAR + timedelta(minutes=17 * n) for n in range(0, 31_000, 331)]
    starts = bucket_starts(YEAR, YEAR + timedelta(days=366), "day", ZoneInfo(zone))

    with psycopg.connect(postgres_url) as connection:
        known = connection.execute("SELECT count(*) FROM pg_timezone_names WHERE name = %s", (zone,)).fetchone()
        assert known is not None
        if known[0] == 0:
            pytest.xfail(f"this PostgreSQL has no zone {zone}")
        rows = connection.execute(
            "SELECT m, (m AT TIME ZONE %s)::date FROM unnest(%s::timestamptz[]) m", (zone, moments)
        ).fetchall()

    for moment, day in rows:
        start = max(one for one in starts if one <= moment)
        assert start.astimezone(ZoneInfo(zone)).date() == day


NIGHTS = {
    "spring": ("Europe/Berlin", date(2026, 3, 29), 23),
    "autumn": ("Europe/Berlin", date(2026, 10, 25), 25),
    "half an hour": ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
    "midnight skipped": ("America/Sao_Paulo", date(2018, 11, 4), 23),
    "midnight twice": ("America/Havana", date(2025, 11, 2), 25),
    "negative": ("Europe/Dublin", date(2026, 10, 25), 25),
    "no such day": ("Pacific/Apia", date(2011, 12, 30), 0),
}


@pytest.mark.rule("R38")
@pytest.mark.rule("G11")
@pytest.mark.parametrize(("zone", "day", "hours"), NIGHTS.values(), ids=NIGHTS)
def test_a_local_day_is_as_long_as_it_is(zone: str, day: date, hours: float) -> None:
    length = day_start(day + timedelta(days=1), ZoneInfo(zone)) - day_start(day, ZoneInfo(zone))

    assert length == timedelta(hours=hours)


def test_a_day_that_skips_midnight_starts_at_one() -> None:
    zone = ZoneInfo("America/Sao_Paulo")

    assert day_start(date(2018, 11, 4), zone).astimezone(zone).isoformat() == "2018-11-04T01:00:00-02:00"


def test_weeks_start_on_monday_and_months_on_the_first() -> None:
    zone = ZoneInfo("UTC")
    new_year, later = datetime(2026, 12, 31, tzinfo=UTC), datetime(2027, 2, 1, 1, tzinfo=UTC)

    weeks, months = bucket_starts(new_year, later, "week", zone), bucket_starts(new_year, later, "month", zone)

    assert weeks[0] == datetime(2026, 12, 28, tzinfo=UTC)
    assert [start.month for start in months] == [12, 1, 2]


@pytest.mark.rule("R38")
@given(
    zone=st.sampled_from(sorted(zone_names())),
    since=st.integers(-19 * 366, 9 * 366).map(lambda days: YEAR.replace(year=2009) + timedelta(days=days, hours=7)),
    hours=st.integers(1, 60),
    interval=st.sampled_from(INTERVALS),
)
@settings(max_examples=150, deadline=None)
def test_buckets_ascend_and_cover_the_range(zone: str, since: datetime, hours: int, interval: Interval) -> None:
    until = since + timedelta(hours=hours)

    starts = bucket_starts(since, until, interval, ZoneInfo(zone))

    assert starts[0] <= since
    assert starts[-1] < until
    assert all(one < other for one, other in pairwise(starts))
