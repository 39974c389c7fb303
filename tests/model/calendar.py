"""Days and buckets of a zone, found by walking along the instants and asking what its clocks show."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

# No zone's offset of today is finer, so neither is the edge of a local hour or day (SPEC R38).
QUARTER = timedelta(minutes=15)
DAY = timedelta(days=1)
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)

_CLOCK: dict[str, Callable[[datetime], object]] = {
    "15m": lambda local: local.astimezone(UTC),
    # A repeated hour differs in its offset.
    "hour": lambda local: (local.date(), local.hour, local.utcoffset()),
    "day": lambda local: local.date(),
    "week": lambda local: local.date() - local.weekday() * DAY,
    "month": lambda local: (local.year, local.month),
}


@dataclass(frozen=True)
class Bucket:
    """`label` as a series shows it (SPEC R39)."""

    since: datetime
    until: datetime
    label: str


def quarter_of(instant: datetime) -> datetime:
    """Where its quarter of an hour starts."""
    return _EPOCH + (instant - _EPOCH) // QUARTER * QUARTER


def start_of(day: date, zone: ZoneInfo) -> datetime:
    """The first instant at which the zone's calendars show `day`, in UTC."""
    instant = datetime(day.year, day.month, day.day, tzinfo=UTC) - DAY
    while instant.astimezone(zone).date() < day:
        instant += QUARTER
    return instant


def buckets(since: datetime, until: datetime, interval: str, zone: ZoneInfo) -> list[Bucket]:
    """The buckets that [since, until) touches, the first and the last cut by it; a label tells where the whole
    bucket starts."""

    def shown(instant: datetime) -> object:
        return _CLOCK[interval](instant.astimezone(zone))

    begin = quarter_of(since)
    while shown(begin - QUARTER) == shown(begin):
        begin -= QUARTER
    quarters = [begin + step * QUARTER for step in range(-((begin - until) // QUARTER))]
    starts = [next(run) for _, run in groupby(quarters, shown)]
    return [
        Bucket(max(start, since), end, start.astimezone(zone).isoformat())
        for start, end in zip(starts, [*starts[1:], until], strict=True)
    ]


def year_before(day: date) -> date:
    """SPEC R40: 29 February becomes the 28th."""
    return date(day.year - 1, day.month, 28 if (day.month, day.day) == (2, 29) else day.day)
