"""Local days and hours as instants, against PostgreSQL's own rules and on the odd nights."""

import random
from bisect import bisect_left
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queryapi.buckets import INTERVALS, Interval, bucket_end, bucket_starts, day_start
from shared.zones import zone_names

YEAR = datetime(2026, 1, 1, tzinfo=UTC)
# Drawn once, the same in every run: thirty, and those whose offsets are no whole hours. PostgreSQL takes a name without
# a slash for an abbreviation, and of Casey's clock the tables of time zones tell something else every few years.
_NAMED = sorted(name for name in zone_names() - {"Antarctica/Casey"} if "/" in name)
_ODD = (
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Australia/Eucla",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Pacific/Marquesas",
)
ZONES = sorted({*random.Random(42).sample(_NAMED, 30), *_ODD})
FIRST, LAST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2038, 1, 1, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)


def clock_changes(zone: ZoneInfo) -> list[datetime]:
    """The first instants of another offset, to the minute."""
    found: list[datetime] = []
    week = range(7 * 24 * 60 + 1)
    for before in (FIRST + timedelta(days=7 * number) for number in range((LAST - FIRST).days // 7)):

        def has_changed(minute: int, since: datetime = before) -> bool:
            later = since + timedelta(minutes=minute)
            return later.astimezone(zone).utcoffset() != since.astimezone(zone).utcoffset()

        if has_changed(week[-1]):
            found.append(before + timedelta(minutes=bisect_left(week, True, key=has_changed)))
    return found


def moments_of(zone: ZoneInfo) -> list[datetime]:
    """Some of any time, and those around some changes of its clocks."""
    drawn = random.Random(zone.key)
    seconds = int((LAST - FIRST).total_seconds())
    changes = clock_changes(zone)
    around = [
        change + timedelta(minutes=minutes)
        for change in drawn.sample(changes, min(len(changes), 8))
        for minutes in (-61, -31, -1, 0, 1, 29, 31, 61)
    ]
    return [*around, *(FIRST + timedelta(seconds=drawn.randrange(seconds)) for _ in range(40))]


@pytest.mark.rule("R38")
@pytest.mark.parametrize("zone", ZONES)
def test_buckets_are_those_of_at_time_zone(postgres_url: str, zone: str) -> None:
    rules = ZoneInfo(zone)
    asked: list[tuple[Interval, datetime]] = []
    for moment in moments_of(rules):
        for interval in INTERVALS[1:]:
            start = bucket_starts(moment, moment + INSTANT, interval, rules)[-1]
            end = bucket_end(start, interval, rules)
            asked.extend((interval, instant) for instant in (start - INSTANT, start, moment, end - INSTANT, end))

    with psycopg.connect(postgres_url) as connection:
        known = connection.execute("SELECT count(*) FROM pg_timezone_names WHERE name = %s", (zone,)).fetchone()
        assert known is not None
        if known[0] == 0:
            pytest.xfail(f"this PostgreSQL has no zone {zone}")
        # An hour that comes twice differs by its offset.
        buckets = connection.execute(
            "SELECT date_trunc(i, m AT TIME ZONE z),"
            " CASE i WHEN 'hour' THEN m AT TIME ZONE z - m AT TIME ZONE 'UTC' END"
            " FROM unnest(%s::text[], %s::timestamptz[]) WITH ORDINALITY AS asked (i, m, place),"
            " (SELECT %s AS z) AS zone ORDER BY place",
            ([interval for interval, _ in asked], [instant for _, instant in asked], zone),
        ).fetchall()

    for place in range(0, len(asked), 5):
        before, first, inside, last, after = buckets[place : place + 5]
        assert before != first == inside == last != after, (asked[place + 2], buckets[place : place + 5])


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


@pytest.mark.parametrize(
    ("interval", "labels"),
    [
        ("day", ["2011-12-28", "2011-12-29", "2011-12-31", "2012-01-01"]),
        ("week", ["2011-12-26"]),
        ("month", ["2011-12-01", "2012-01-01"]),
    ],
)
def test_a_day_that_a_zone_skipped_has_no_bucket(interval: Interval, labels: list[str]) -> None:
    zone = ZoneInfo("Pacific/Apia")

    starts = bucket_starts(day_start(date(2011, 12, 28), zone), day_start(date(2012, 1, 2), zone), interval, zone)

    assert [start.astimezone(zone).date().isoformat() for start in starts] == labels


def test_hours_go_on_over_a_day_that_was_skipped() -> None:
    zone = ZoneInfo("Pacific/Apia")

    starts = bucket_starts(day_start(date(2011, 12, 29), zone), day_start(date(2012, 1, 1), zone), "hour", zone)

    assert len(starts) == 48
    assert [start.astimezone(zone).isoformat() for start in starts[23:25]] == [
        "2011-12-29T23:00:00-10:00", "2011-12-31T00:00:00+14:00",
    ]  # fmt: skip


def test_a_clock_set_back_over_midnight_leaves_the_new_day_whole() -> None:
    # At 00:01 it was 23:01 again: `AT TIME ZONE` tells the old date twice, but no bucket comes twice.
    zone = ZoneInfo("America/St_Johns")

    starts = bucket_starts(day_start(date(2010, 11, 6), zone), day_start(date(2010, 11, 8), zone), "day", zone)

    assert [start.astimezone(zone).isoformat() for start in starts] == [
        "2010-11-06T00:00:00-02:30", "2010-11-07T00:00:00-02:30",
    ]  # fmt: skip


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
