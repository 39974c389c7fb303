"""What a range is set against, and how a change is told (SPEC R40, R41)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from queryapi.buckets import day_start
from queryapi.params import Params, bad_parameter
from queryapi.query import Compare, Range
from queryapi.ranges import days_range, ends_range
from queryapi.rows import Number

COMPARE_PARAMETERS = frozenset({"compare", "compare_from", "compare_to", "match_day_of_week"})
COMPARE_WORDS: dict[str, Compare] = {
    "previous": "previous",
    "prev": "previous",
    "year_over_year": "year_over_year",
    "yoy": "year_over_year",
    "custom": "custom",
    "none": "none",
}


def parse_compare(params: Params) -> Compare:
    """The kind of comparison asked for; raises AppError 400 where its other parameters do not fit."""
    compare = COMPARE_WORDS[params.choice("compare", tuple(COMPARE_WORDS)) or "previous"]
    if compare != "custom" and params.has_any("compare_from", "compare_to"):
        raise bad_parameter("compare_from", "only with compare=custom", "conflicting_parameters")
    return compare


def comparison_range(params: Params, current: Range, compare: Compare, now: datetime) -> Range | None:
    """The range `current` is set against; None for `none`. Where `current` ends today it stops at the
    same local clock time, so that half a day is never set against a whole one."""
    if compare == "none":
        return None
    if compare == "custom":
        return ends_range(params, "compare_from", "compare_to", current.zone)
    label = f"previous {current.label}" if compare == "previous" else f"{current.label} one year before"
    matched = params.flag("match_day_of_week")
    if current.first_day is None or current.last_day is None:
        return _moments(current, compare, label)
    length = timedelta(days=(current.last_day - current.first_day).days)
    if compare == "previous":
        first = current.first_day - length - timedelta(days=1)
        last = current.first_day - timedelta(days=1)
    else:
        first, last = _year_before(current.first_day), _year_before(current.last_day)
    if matched:
        first = _same_weekday(first, current.first_day, length)
        last = first + length
    return _cut_at_clock(days_range(first, last, current.zone, label), current, now)


def change(current: Number, before: Number, *, is_percent: bool) -> Number:
    """Percent of `before`, one decimal; points for a percentage; None where 0 became something."""
    if is_percent:
        return rounded(Decimal(str(current or 0)) - Decimal(str(before or 0)), 2)
    if not before:
        return None if current else 0
    ratio = (Decimal(str(current or 0)) - Decimal(str(before))) * 100 / Decimal(str(before))
    return rounded(ratio, 1)


def changes(
    current: Mapping[str, Number], before: Mapping[str, Number], percents: frozenset[str]
) -> tuple[dict[str, Number], list[str]]:
    """The change of each metric, and the names of those that are new (SPEC R41)."""
    found = {
        name: change(value, before[name], is_percent=name in percents)
        for name, value in current.items()
        if name in before
    }
    return found, [name for name, value in found.items() if value is None]


def rounded(value: Decimal, digits: int) -> float | int:
    """Half up, a whole number without a fraction where `digits` is 0."""
    exact = value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return float(exact) if digits else int(exact)


def _moments(current: Range, compare: Compare, label: str) -> Range:
    if compare == "previous":
        return replace(current, since=current.since - (current.until - current.since), until=current.since, label=label)
    return replace(
        current, since=_year_earlier(current, current.since), until=_year_earlier(current, current.until), label=label
    )


def _year_earlier(current: Range, moment: datetime) -> datetime:
    local = moment.astimezone(current.zone)
    return datetime.combine(_year_before(local.date()), local.time(), current.zone).astimezone(UTC)


def _year_before(day: date) -> date:
    return day.replace(year=day.year - 1, day=28) if (day.month, day.day) == (2, 29) else day.replace(year=day.year - 1)


def _same_weekday(first: date, wanted: date, length: timedelta) -> date:
    """`first` moved by up to three days to the weekday of `wanted`, but never into the range itself."""
    shift = (wanted.weekday() - first.weekday() + 3) % 7 - 3
    moved = first + timedelta(days=shift)
    return moved - timedelta(days=7) if moved + length >= wanted else moved


def _cut_at_clock(found: Range, current: Range, now: datetime) -> Range:
    if not current.since <= now < current.until or found.last_day is None:
        return found
    clock = now.astimezone(current.zone).time()
    until = datetime.combine(found.last_day, clock, current.zone).astimezone(UTC)
    return replace(found, until=max(until, day_start(found.last_day, current.zone)))
