"""Local days and hours as instants: where the buckets of a series begin (SPEC R38, R39).

The instants are made here, with the zone rules of `zoneinfo`, and handed to SQL as one sorted array:
a row belongs to the last start that is not later. So no bucket can overlap another or leave a gap,
whatever a zone does with its clocks.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from shared.errors import AppError

Interval = Literal["15m", "hour", "day", "week", "month"]
INTERVALS: tuple[Interval, ...] = ("15m", "hour", "day", "week", "month")
# SPEC A11. A year of 15-minute buckets is 35 040, a year of hours 8 784.
MAX_BUCKETS = 10_000
# The grain of the rollups; every zone's offset since 1972 is a multiple of it.
GRAIN = timedelta(minutes=15)


def day_start(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a local day, in UTC: 01:00 local where clocks skip midnight."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def grain_floor(instant: datetime) -> datetime:
    """The last quarter of an hour that is not later than `instant`."""
    seconds = int(GRAIN.total_seconds())
    return datetime.fromtimestamp(int(instant.timestamp()) // seconds * seconds, UTC)


def grain_ceiling(instant: datetime) -> datetime:
    """The first quarter of an hour that is not earlier than `instant`."""
    floor = grain_floor(instant)
    return floor if floor == instant else floor + GRAIN


def bucket_starts(since: datetime, until: datetime, interval: Interval, zone: ZoneInfo) -> tuple[datetime, ...]:
    """Starts, in UTC and ascending, of the buckets that touch [since, until); the first may lie before
    `since`. Raises AppError 400 `too_many_buckets`."""
    starts: list[datetime] = []
    for start in _walk(since, interval, zone):
        if start >= until:
            break
        # A local day that never was (Samoa, 2011-12-30) starts where the next one does.
        if starts and start == starts[-1]:
            continue
        starts.append(start)
        if len(starts) > MAX_BUCKETS:
            raise AppError(
                400,
                "too_many_buckets",
                f"interval: more than {MAX_BUCKETS} buckets of one {interval} in this range",
                details={"parameter": "interval", "limit": MAX_BUCKETS},
            )
    return tuple(starts)


def bucket_end(start: datetime, interval: Interval, zone: ZoneInfo) -> datetime:
    """Where the bucket that begins at `start` ends, in UTC."""
    walk = _walk(start, interval, zone)
    return next(later for later in walk if later > start)


def _walk(since: datetime, interval: Interval, zone: ZoneInfo) -> Iterator[datetime]:
    if interval == "15m":
        start = grain_floor(since)
        while True:
            yield start
            start += GRAIN
    if interval == "hour":
        start = _hour_start(since, zone)
        while True:
            yield start
            start = _next_hour(start, zone)
    day = since.astimezone(zone).date()
    if interval == "week":
        day -= timedelta(days=day.weekday())
    if interval == "month":
        day = day.replace(day=1)
    while True:
        yield day_start(day, zone)
        day = _next_day(day, interval)


def _next_day(day: date, interval: Interval) -> date:
    if interval == "month":
        return (day.replace(day=28) + timedelta(days=4)).replace(day=1)
    return day + timedelta(days=7 if interval == "week" else 1)


def _hour_start(instant: datetime, zone: ZoneInfo) -> datetime:
    """Where the local hour around `instant` began: at a full hour, or where the clock was moved into it."""
    start = grain_floor(instant)
    while start.astimezone(zone).minute != 0 and _offset(start - GRAIN, zone) == _offset(start, zone):
        start -= GRAIN
    return start


def _next_hour(start: datetime, zone: ZoneInfo) -> datetime:
    following = start + timedelta(minutes=60 - start.astimezone(zone).minute)
    if _offset(following, zone) == _offset(start, zone):
        return following
    # The clock moves inside this hour (Lord Howe by half an hour): the hour ends there.
    start += GRAIN
    offset = _offset(start - GRAIN, zone)
    while _offset(start, zone) == offset:
        start += GRAIN
    return start


def _offset(instant: datetime, zone: ZoneInfo) -> timedelta | None:
    return instant.astimezone(zone).utcoffset()
