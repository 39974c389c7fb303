"""What a range is set against, where it ends today, and how it is told."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from queryapi.comparison import changes, comparison_range, parse_compare, rounded
from queryapi.params import Params
from queryapi.query import Range
from queryapi.ranges import days_range
from shared.errors import AppError

TOKYO, BERLIN = ZoneInfo("Asia/Tokyo"), ZoneInfo("Europe/Berlin")
LATER = datetime(2026, 12, 1, tzinfo=UTC)
# 08:00 of 10 March in Tokyo.
NOW = datetime(2026, 3, 9, 23, 0, tzinfo=UTC)


@pytest.mark.rule("R40")
def test_nothing_is_set_against_a_range_where_none_is_asked_for() -> None:
    assert comparison_range(Params({}), days_range(date(2026, 3, 9), date(2026, 3, 10), TOKYO, ""), "none", NOW) is None


@pytest.mark.rule("R40")
@pytest.mark.parametrize(
    ("last", "until"),
    [
        (date(2026, 3, 10), datetime(2026, 3, 7, 23, tzinfo=UTC)),
        # Over, or not begun: whole days against whole days.
        (date(2026, 3, 9), datetime(2026, 3, 7, 15, tzinfo=UTC)),
        (date(2026, 3, 20), None),
    ],
    ids=["today", "yesterday", "far beyond"],
)
def test_what_ends_today_is_set_against_the_same_clock_time(last: date, until: datetime | None) -> None:
    current = days_range(last - timedelta(days=1), last, TOKYO, "2 days")

    found = comparison_range(Params({}), current, "previous", NOW)

    assert found is not None
    assert (found.first_day, found.label) == (last - timedelta(days=3), "previous 2 days")
    assert found.until == (until or current.since)


@pytest.mark.rule("R40")
def test_a_day_that_ends_this_instant_is_set_against_a_whole_one() -> None:
    current = days_range(date(2026, 3, 9), date(2026, 3, 9), TOKYO, "1 day")

    found = comparison_range(Params({}), current, "previous", current.until)

    assert found is not None
    assert (found.since, found.until) == (current.since - timedelta(days=1), current.since)


@pytest.mark.rule("R40")
def test_the_same_weekdays_never_reach_into_the_range() -> None:
    """Eight days: the nearest equal weekday is seven days before, and its eighth day would be the range's first."""
    current = days_range(date(2026, 1, 11), date(2026, 1, 18), TOKYO, "8 days")

    found = comparison_range(Params({"match_day_of_week": ("true",)}), current, "previous", NOW)

    assert found is not None
    assert (found.first_day, found.last_day) == (date(2025, 12, 28), date(2026, 1, 4))


@pytest.mark.rule("R40")
@pytest.mark.parametrize(
    ("first", "last", "before"),
    [
        # A Sunday; a year before it was a Saturday, and the Sundays around are one day after and six before.
        (date(2026, 3, 8), date(2026, 3, 8), date(2025, 3, 9)),
        # A Sunday again: a Friday two years of days before, whose nearest Sunday is two days later.
        (date(2024, 3, 3), date(2024, 3, 3), date(2023, 3, 5)),
        # Monday, of a leap year: the Saturday before is nearer to the Monday after it than to the one before.
        (date(2024, 2, 26), date(2024, 2, 29), date(2023, 2, 27)),
    ],
)
def test_the_nearest_equal_weekday_is_set_against(first: date, last: date, before: date) -> None:
    current = days_range(first, last, TOKYO, "")

    found = comparison_range(Params({"match_day_of_week": ("true",)}), current, "year_over_year", NOW)

    assert found is not None
    assert (found.first_day, found.first_day.weekday() if found.first_day else None) == (before, first.weekday())
    assert found.last_day == before + (last - first)


@pytest.mark.rule("R40")
@pytest.mark.parametrize(
    ("first", "last", "before"),
    [
        (date(2024, 2, 29), date(2024, 2, 29), (date(2023, 2, 28), date(2023, 2, 28))),
        (date(2024, 2, 1), date(2024, 2, 29), (date(2023, 2, 1), date(2023, 2, 28))),
        (date(2025, 2, 28), date(2025, 3, 1), (date(2024, 2, 28), date(2024, 3, 1))),
    ],
)
def test_the_day_that_most_years_lack_is_set_against_the_one_before(
    first: date, last: date, before: tuple[date, date]
) -> None:
    found = comparison_range(Params({}), days_range(first, last, TOKYO, ""), "year_over_year", NOW)

    assert found is not None
    assert (found.first_day, found.last_day) == before


def test_moments_are_set_against_as_long_before() -> None:
    since = datetime(2026, 3, 2, 10, tzinfo=UTC)
    current = Range(since=since, until=since + timedelta(hours=3), zone=TOKYO, label="")

    found = comparison_range(Params({}), current, "previous", NOW)

    assert found is not None
    assert (found.since, found.until) == (since - timedelta(hours=3), since)


@pytest.mark.rule("R40")
@pytest.mark.parametrize(
    ("day", "since", "until"),
    [
        # The day before has 23 hours, and so has the day itself.
        (date(2026, 3, 30), datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 3, 29, 22, tzinfo=UTC)),
        (date(2026, 3, 29), datetime(2026, 3, 27, 23, tzinfo=UTC), datetime(2026, 3, 28, 23, tzinfo=UTC)),
        (date(2025, 10, 27), datetime(2025, 10, 25, 22, tzinfo=UTC), datetime(2025, 10, 26, 23, tzinfo=UTC)),
    ],
)
def test_a_day_is_set_against_the_whole_day_before(day: date, since: datetime, until: datetime) -> None:
    found = comparison_range(Params({}), days_range(day, day, BERLIN, "1 days"), "previous", LATER)

    assert found is not None
    assert (found.since, found.until) == (since, until)


@pytest.mark.rule("R40")
def test_today_is_set_against_the_same_clock_time_over_a_clock_change() -> None:
    """10:00 of the clock: after 9 hours of the day that lost one, and after 10 of the one before."""
    today = days_range(date(2026, 3, 29), date(2026, 3, 29), BERLIN, "1 days")

    found = comparison_range(Params({}), today, "previous", datetime(2026, 3, 29, 8, tzinfo=UTC))

    assert found is not None
    assert (found.since, found.until) == (
        datetime(2026, 3, 27, 23, tzinfo=UTC), datetime(2026, 3, 28, 9, tzinfo=UTC),
    )  # fmt: skip


@pytest.mark.rule("R40")
def test_moments_of_a_leap_day_are_set_against_those_of_the_28th() -> None:
    since = datetime(2024, 2, 29, 10, tzinfo=UTC)
    current = Range(since=since, until=since + timedelta(hours=3), zone=BERLIN, label="")

    found = comparison_range(Params({}), current, "year_over_year", LATER)

    assert found is not None
    assert (found.since, found.until) == (
        datetime(2023, 2, 28, 10, tzinfo=UTC), datetime(2023, 2, 28, 13, tzinfo=UTC),
    )  # fmt: skip


@pytest.mark.rule("R40")
def test_what_is_named_is_set_against_whole_and_in_the_zone_of_the_range() -> None:
    today = days_range(date(2026, 3, 10), date(2026, 3, 10), TOKYO, "1 days")
    named = Params({"compare_from": ("2026-01-05",), "compare_to": ("2026-01-06",)})

    found = comparison_range(named, today, "custom", NOW)

    assert found is not None
    assert (found.since, found.until, found.label) == (
        datetime(2026, 1, 4, 15, tzinfo=UTC), datetime(2026, 1, 6, 15, tzinfo=UTC), "2026-01-05..2026-01-06",
    )  # fmt: skip


def test_previous_is_compared_with_unless_something_else_is_named() -> None:
    assert parse_compare(Params({})) == "previous"
    assert parse_compare(Params({"compare": ("custom",), "compare_from": ("2026-01-01",)})) == "custom"
    with pytest.raises(AppError, match="only with compare=custom"):
        parse_compare(Params({"compare_to": ("2026-01-01",)}))


@pytest.mark.rule("R41")
def test_what_was_not_there_before_is_new() -> None:
    found, new = changes({"sessions": 3, "events": 0, "left_out": 1}, {"sessions": 0, "events": 0}, frozenset())

    assert (found, new) == ({"sessions": None, "events": 0}, ["sessions"])


@pytest.mark.parametrize(("value", "digits", "expected"), [("2.5", 0, 3), ("0.125", 2, 0.13), ("-0.05", 1, -0.1)])
def test_numbers_are_rounded_half_up(value: str, digits: int, expected: float) -> None:
    found = rounded(Decimal(value), digits)

    assert (found, type(found)) == (expected, type(expected))
