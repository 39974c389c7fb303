"""Which stretch of time a request asks for (SPEC R35-R37)."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from queryapi.buckets import day_start
from queryapi.params import Params, bad_parameter
from queryapi.query import Range
from queryapi.zones import find_zone

MAX_DAYS = 3660
DEFAULT_DAYS = 30
RANGE_PARAMETERS = frozenset({"days", "from", "to", "period", "timezone"})
# Before this no clock of ours ran; after it `timestamptz` arithmetic is still far from its own end.
EARLIEST = date(1970, 1, 1)
LATEST = date(2100, 1, 1)

# (first day, last day), both included, of a period that ends or lies around `today`.
_PERIODS: dict[str, Callable[[date], tuple[date, date]]] = {
    "today": lambda today: (today, today),
    "yesterday": lambda today: (today - timedelta(days=1), today - timedelta(days=1)),
    "7d": lambda today: (today - timedelta(days=6), today),
    "28d": lambda today: (today - timedelta(days=27), today),
    "30d": lambda today: (today - timedelta(days=29), today),
    "90d": lambda today: (today - timedelta(days=89), today),
    "month": lambda today: (today.replace(day=1), today),
    "last_month": lambda today: (_month_start(today), today.replace(day=1) - timedelta(days=1)),
    "year": lambda today: (today.replace(month=1, day=1), today),
    # Twelve calendar months, the running one the last.
    "12mo": lambda today: ((today.replace(day=28) - timedelta(days=334)).replace(day=1), today),
}
PERIODS = (*_PERIODS, "24h", "all")

_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
_DATETIME = re.compile(
    r"(\d{4}-\d{2}-\d{2})T((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(?:\.(\d{1,9}))?(Z|[+-](?:0\d|1[0-4]):[0-5]\d)", re.ASCII
)


def resolve_zone(params: Params, website_timezone: str) -> ZoneInfo:
    """The zone asked for, else the website's own (SPEC R37)."""
    return find_zone(params.text("timezone") or website_timezone)


def resolve_range(params: Params, zone: ZoneInfo, now: datetime, first_event: datetime | None) -> Range:
    """The range asked for, the last 30 local days by default. `first_event` is what `period=all` begins
    with. Raises AppError 400."""
    has_days, has_period = params.has_any("days"), params.has_any("period")
    has_ends = params.has_any("from", "to")
    if has_days + has_period + has_ends > 1:
        raise bad_parameter(
            "days" if has_days else "period", "only one of days, period, or from and to", "conflicting_parameters"
        )
    today = now.astimezone(zone).date()
    if has_ends:
        return ends_range(params, "from", "to", zone)
    period = params.choice("period", PERIODS)
    if period is not None:
        return _period_range(period, zone, now, first_event)
    days = params.whole("days", 1, MAX_DAYS) or DEFAULT_DAYS
    return days_range(today - timedelta(days=days - 1), today, zone, f"{days} days")


def ends_range(params: Params, from_name: str, to_name: str, zone: ZoneInfo) -> Range:
    """The range between two dates (the last included) or two datetimes (half-open)."""
    first, last = params.text(from_name), params.text(to_name)
    if first is None or last is None:
        missing = from_name if first is None else to_name
        raise bad_parameter(missing, f"{from_name} and {to_name} go together", "incomplete_range")
    since, until = parse_moment(from_name, first), parse_moment(to_name, last)
    label = f"{first}..{last}"
    if isinstance(since, datetime) and isinstance(until, datetime):
        found = Range(since=since, until=until, zone=zone, label=label)
    elif isinstance(since, datetime) or isinstance(until, datetime):
        raise bad_parameter(
            to_name, f"{from_name} and {to_name} must both be dates or both be datetimes", "invalid_range"
        )
    elif since > until:
        raise bad_parameter(from_name, f"must not be later than {to_name}", "invalid_range")
    else:
        found = days_range(since, until, zone, label)
    if found.since >= found.until:
        raise bad_parameter(from_name, f"must be earlier than {to_name}", "invalid_range")
    if found.until - found.since > timedelta(days=MAX_DAYS + 1):
        raise bad_parameter(from_name, f"more than {MAX_DAYS} days before {to_name}", "range_too_long")
    return found


def days_range(first: date, last: date, zone: ZoneInfo, label: str) -> Range:
    """The local days from `first` to `last`, both included."""
    return Range(
        since=day_start(first, zone),
        until=day_start(last + timedelta(days=1), zone),
        zone=zone,
        label=label,
        first_day=first,
        last_day=last,
    )


def parse_moment(name: str, value: str) -> date | datetime:
    """A date `2026-01-31`, or a datetime with a zone in UTC; digits beyond microseconds are cut."""
    if match := _DATE.fullmatch(value):
        try:
            day = date(int(match[1]), int(match[2]), int(match[3]))
        except ValueError as error:
            raise bad_parameter(name, "no such day", "invalid_date") from error
        return _within(name, day, day)
    match = _DATETIME.fullmatch(value)
    if match is None:
        raise bad_parameter(name, "must be a date 2026-01-31 or a datetime 2026-01-31T10:00:00Z", "invalid_date")
    fraction = (match[3] or "").ljust(6, "0")[:6]
    zone = "+00:00" if match[4] == "Z" else match[4]
    try:
        moment = datetime.fromisoformat(f"{match[1]}T{match[2]}.{fraction}{zone}")
    except ValueError as error:
        raise bad_parameter(name, "no such moment", "invalid_date") from error
    _within(name, moment.date(), moment)
    return moment.astimezone(UTC)


def _within(name: str, day: date, moment: date | datetime) -> date | datetime:
    if not EARLIEST < day < LATEST:
        raise bad_parameter(name, f"must lie between {EARLIEST} and {LATEST}", "out_of_range")
    return moment


def _period_range(period: str, zone: ZoneInfo, now: datetime, first_event: datetime | None) -> Range:
    today = now.astimezone(zone).date()
    if period == "24h":
        return Range(since=now - timedelta(hours=24), until=now, zone=zone, label="24 hours")
    if period == "all":
        first = min((first_event or now).astimezone(zone).date(), today)
        return days_range(first, today, zone, f"{first}..{today}")
    first, last = _PERIODS[period](today)
    label = f"{(last - first).days + 1} days" if period.endswith("d") else f"{first}..{last}"
    return days_range(first, last, zone, label)


def _month_start(today: date) -> date:
    """The first day of the month before."""
    return (today.replace(day=1) - timedelta(days=1)).replace(day=1)
