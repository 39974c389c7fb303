"""Hostile query strings: refused by name, or taken literally, and never an error of ours."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from queryapi.comparison import change, comparison_range
from queryapi.params import Params
from queryapi.query import Compare, Range
from queryapi.ranges import days_range, parse_moment, resolve_range
from tests.queryapi.rig import SITE, running, settings_for, store, vector

DASHBOARD, LIST, SERIES = "dashboard/{}", "geo/{}/countries", "timeseries/{}"

# (report, query string, code of the 400 or None for 200)
HOSTILE: dict[str, tuple[str, str, str | None]] = {
    "C1": (DASHBOARD, "days=0", "invalid_parameter"),
    "C3": (DASHBOARD, "days=3661", "invalid_parameter"),
    "C5": (DASHBOARD, "days=1e3", "invalid_parameter"),
    "C7": (DASHBOARD, "days=%2B7", "invalid_parameter"),
    "C7 plus as blank": (DASHBOARD, "days=+7", "invalid_parameter"),
    "C9": (DASHBOARD, "days=1_0", "invalid_parameter"),
    "C11": (DASHBOARD, "days=%EF%BC%91%EF%BC%92", "invalid_parameter"),
    "C13": (DASHBOARD, "days=%C2%B2", "invalid_parameter"),
    "C15": (DASHBOARD, "days=007", None),
    "C17": (DASHBOARD, "days", "invalid_parameter"),
    "C19": (DASHBOARD, "days[]=7", "unknown_parameter"),
    "C21": (DASHBOARD, "days=7'%20OR%201=1--", "invalid_parameter"),
    "C23": (DASHBOARD, "days=%FF", "invalid_query_string"),
    "C25": (DASHBOARD, "days=" + "9" * 400, "invalid_parameter"),
    "twice": (DASHBOARD, "days=7&days=8", "duplicate_parameter"),
    "abc": (DASHBOARD, "days=abc", "invalid_parameter"),
    "C27 0": (LIST, "limit=0", "invalid_parameter"),
    "C27 -1": (LIST, "limit=-1", "invalid_parameter"),
    "C27 1001": (LIST, "limit=1001", "invalid_parameter"),
    "C27 1e9": (LIST, "limit=1e9", "invalid_parameter"),
    "limit at its end": (LIST, "limit=1000", None),
    "C29": (LIST, "limit=10,20", "invalid_parameter"),
    # `page` is a filter here, and paths may be called anything.
    "C31": (LIST, "page=0", None),
    "offset": (LIST, "offset=1000000001", "invalid_parameter"),
    "C37": (DASHBOARD + "/pages", "sort=views", None),
    "C39": (LIST, "sort=(select%201)", "invalid_parameter"),
    "C41": (LIST, "sort=__class__", "invalid_parameter"),
    "C43": (LIST, "order=1", "unknown_parameter"),
    "C45": (SERIES, "metrics=" + ",".join(["page_views"] * 200), "invalid_parameter"),
    "metrics": (SERIES, "metrics=page_views,bounce_rate", None),
    # Dimensions are chosen by the report's own path.
    "C47": (LIST, "dimension=country", "unknown_parameter"),
    "C53": (LIST, "prop:=x", "invalid_parameter"),
    "C55": (LIST, "prop:" + "k" * 129 + "=x", "invalid_parameter"),
    "C51": (LIST, "prop:a'->>'b=x", None),
    "C57": (SERIES, "interval=15m&days=365", "too_many_buckets"),
    "C59": (SERIES, "interval=1%20day;%20select%201", "invalid_parameter"),
    "C61 prev": (DASHBOARD, "compare=prev", None),
    "C61 yoy": (DASHBOARD, "compare=yoy", None),
    "C61 none": (DASHBOARD, "compare=none", None),
    "C61 x": (DASHBOARD, "compare=x", "invalid_parameter"),
    "custom without ends": (DASHBOARD, "compare=custom", "incomplete_range"),
    "custom": (DASHBOARD, "compare=custom&compare_from=2026-01-01&compare_to=2026-01-02", None),
    "C63": (DASHBOARD, "callback=alert(1)", "unknown_parameter"),
    "C65": (LIST, "search=" + "_" * 500, None),
    "C67": (LIST, "search=" + "x" * 10_240, "invalid_parameter"),
    "C69": (LIST, "&".join(f"p{n}=1" for n in range(2000)), "too_many_parameters"),
    "query of 17 KB": (LIST, "search=" + "x" * 17_000, "query_too_long"),
    "C71": (LIST, "=1", "unknown_parameter"),
    "C73": (LIST, "%", "invalid_query_string"),
    "C77": (LIST, "city=%F0%9F%8E%89", None),
    "C79 nul": (LIST, "city=a%00b", "invalid_query_string"),
    "F1 from": (DASHBOARD, "from=2024-01-01", "incomplete_range"),
    "F1 to": (DASHBOARD, "to=2024-01-01", "incomplete_range"),
    "F3": (DASHBOARD, "from=2024-01-02&to=2024-01-01", "invalid_range"),
    "F37": (SERIES, "interval=15m&from=2024-01-01&to=2024-12-31", "too_many_buckets"),
    "F39": (DASHBOARD, "from=2001-01-01&to=2001-01-02", None),
    "F41": (DASHBOARD, "from=2026-03-09&to=2026-03-11", None),
    "F43": (DASHBOARD, "days=30&from=2024-01-01&to=2024-01-02", "conflicting_parameters"),
    "F43 period": (DASHBOARD, "days=30&period=7d", "conflicting_parameters"),
    "too long": (DASHBOARD, "from=2001-01-01&to=2024-01-02", "range_too_long"),
    "hours of a year": (SERIES + "/hourly", "days=32", "range_too_long"),
    "hours at their end": (SERIES + "/hourly", "days=31", None),
    "hours of a month with a night of 25": (
        SERIES + "/hourly",
        "from=2025-10-01&to=2025-10-31&timezone=Europe/Berlin",
        None,
    ),
    "hours of 31 days": (SERIES + "/hourly", "from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z", None),
    "hours of a second more": (
        SERIES + "/hourly",
        "from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:01Z",
        "range_too_long",
    ),
    "744 hours": (SERIES + "/hourly", "hours=744", None),
    "745 hours": (SERIES + "/hourly", "hours=745", "invalid_parameter"),
    "hours and days": (SERIES + "/hourly", "days=2&hours=3", "conflicting_parameters"),
    "as long as can be": (DASHBOARD, "from=2016-02-27&to=2026-03-06", None),
    "a day too long": (DASHBOARD, "from=2016-02-25&to=2026-03-06", "range_too_long"),
    "period and ends": (DASHBOARD, "period=7d&from=2024-01-01&to=2024-01-02", "conflicting_parameters"),
    "one moment": (DASHBOARD, "from=2024-01-01T00:00:00Z&to=2024-01-01T00:00:00Z", "invalid_range"),
    "too late": (DASHBOARD, "from=2099-01-01&to=2100-01-01", "out_of_range"),
    "moments too early": (DASHBOARD, "from=1969-12-31T00:00:00Z&to=1970-02-01T00:00:00Z", "out_of_range"),
    "ends of a comparison that is not custom": (DASHBOARD, "compare_from=2024-01-01", "conflicting_parameters"),
    "mixed ends": (DASHBOARD, "from=2024-01-01&to=2024-01-02T00:00:00Z", "invalid_range"),
    "utm_limit": (DASHBOARD, "utm_limit=101", "invalid_parameter"),
    "include_bots": (DASHBOARD, "include_bots=1", "invalid_parameter"),
    "depth": (DASHBOARD + "/pages", "depth=2", "conflicting_parameters"),
    "drill": (DASHBOARD + "/sources", "drill=x&group=channel", "conflicting_parameters"),
    "realtime has no range": ("{}/realtime", "days=1", "unknown_parameter"),
}
_MOMENTS = {
    "F5": "2023-02-29", "F7a": "2024-13-01", "F7b": "2024-00-10", "F7c": "2024-01-00", "F9": "0001-01-01",
    "F11a": "-2024-01-01", "F11b": "%2B2024-01-01", "F13a": "infinity", "F13b": "-infinity", "F13c": "now",
    "F13d": "today", "F13e": "epoch", "F13f": "allballs", "F15": "20240101", "F17": "2024-001", "F19": "01/02/2024",
    "F21": "%202024-01-01", "F23": "2024-01-01T00:00", "F25": "2024-01-01T24:00:00Z", "F27": "2016-12-31T23:59:60Z",
    "F29a": "2024-01-01T00:00:00%2B16:00", "F29b": "2024-01-01T00:00:00%2B25:00", "F29c": "2024-01-01T00:00:00-99:99",
    "F33": "1705314600000", "F35": "",
}  # fmt: skip
_ZONES = {
    "F51": "Europe/", "F53": "", "F55": "../../etc/passwd", "F57": "Europe/Madrid%00", "F59": "__init__.py",
    "F61a": "posix/Europe/Madrid", "F61b": "right/UTC", "F61c": "localtime", "F63a": "%2B05", "F63b": "-03:30",
    "F63c": "GMT%2B3", "F63d": "UTC%2B99999", "F65": "%3CX%3E%2B3", "F67": "UTC'; DROP TABLE events;--",
    "F69a": "CON", "F69b": "NUL", "F69c": "aux", "Mars": "Mars/X",
}  # fmt: skip
_GOOD_ZONES = {
    "F45": "UTC", "F47": "Europe/Madrid", "F49": "Europe%2FMadrid", "F71": "America/Argentina/Buenos_Aires",
    "F73": "Asia/Kathmandu", "F75a": "Pacific/Kiritimati", "F75b": "Etc/GMT%2B12", "F83": "Europe/Dublin",
}  # fmt: skip
HOSTILE.update({name: (DASHBOARD, f"from={value}&to=2026-01-01", "") for name, value in _MOMENTS.items()})
HOSTILE.update({name: (DASHBOARD, f"timezone={value}", "") for name, value in _ZONES.items()})
HOSTILE.update({name: (DASHBOARD, f"timezone={value}", None) for name, value in _GOOD_ZONES.items()})
HOSTILE["F31"] = (DASHBOARD, "from=2024-01-01T00:00:00.123456789Z&to=2024-01-02T00:00:00Z", None)


@pytest.mark.rule("R64")
@pytest.mark.rule("R65")
@pytest.mark.rule("R68")
@pytest.mark.rule("G12")
async def test_hostile_parameters_are_refused_by_name(database: str) -> None:
    store(database, vector())

    async with running(settings_for(database)) as api:
        for name, (path, query, code) in HOSTILE.items():
            reply = await api.get("/api/v1/analytics/" + path.format(SITE), query)
            assert reply.status == (200 if code is None else 400), (name, reply.payload)
            if code is not None:
                assert set(reply.body) == {"error", "code", "details", "request_id"}, name
                assert not code or reply.body["code"] == code, (name, reply.body)


@pytest.mark.rule("R37")
async def test_an_unknown_zone_has_a_code_of_its_own(database: str) -> None:
    store(database, vector())

    async with running(settings_for(database)) as api:
        reply = await api.get(f"/api/v1/analytics/dashboard/{SITE}", "timezone=Mars/X")

    assert (reply.status, reply.body["code"], reply.body["details"]) == (
        400, "invalid_timezone", {"parameter": "timezone"},
    )  # fmt: skip


UTC_ZONE = ZoneInfo("UTC")
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
PERIODS = {
    "today": ("2026-03-10", "2026-03-10"), "yesterday": ("2026-03-09", "2026-03-09"),
    "7d": ("2026-03-04", "2026-03-10"),
    "28d": ("2026-02-11", "2026-03-10"), "30d": ("2026-02-09", "2026-03-10"), "90d": ("2025-12-11", "2026-03-10"),
    "month": ("2026-03-01", "2026-03-10"),
    "last_month": ("2026-02-01", "2026-02-28"),
    "year": ("2026-01-01", "2026-03-10"), "12mo": ("2025-04-01", "2026-03-10"), "all": ("2026-03-10", "2026-03-10"),
}  # fmt: skip


@pytest.mark.rule("R36")
@pytest.mark.parametrize(("period", "days"), PERIODS.items())
def test_a_period_is_made_of_local_days(period: str, days: tuple[str, str]) -> None:
    found = resolve_range(Params({"period": (period,)}), UTC_ZONE, NOON, None)

    assert (str(found.first_day), str(found.last_day)) == days


@pytest.mark.rule("R36")
@pytest.mark.rule("R35")
@pytest.mark.rule("R37")
@pytest.mark.parametrize(
    ("zone", "today"), [("Asia/Kolkata", "2026-03-11"), ("UTC", "2026-03-10"), ("Pacific/Honolulu", "2026-03-10")]
)
@pytest.mark.parametrize("asked", [{"days": ("1",)}, {"period": ("today",)}])
def test_today_is_the_day_of_the_zone(zone: str, today: str, asked: dict[str, tuple[str, ...]]) -> None:
    late = datetime(2026, 3, 10, 18, 30, tzinfo=UTC)

    found = resolve_range(Params(asked), ZoneInfo(zone), late, None)

    assert (str(found.first_day), str(found.last_day)) == (today, today)
    assert found.since <= late < found.until


def test_twenty_four_hours_end_now() -> None:
    found = resolve_range(Params({"period": ("24h",)}), UTC_ZONE, NOON, None)

    assert (found.since, found.until, found.label) == (NOON - timedelta(hours=24), NOON, "24 hours")


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2024-01-01T00:00:00.5Z", datetime(2024, 1, 1, 0, 0, 0, 500_000, UTC)),
        ("2024-01-01T00:00:00.1234567Z", datetime(2024, 1, 1, 0, 0, 0, 123_456, UTC)),
        ("2024-01-01T02:00:00+05:30", datetime(2023, 12, 31, 20, 30, tzinfo=UTC)),
    ],
)
def test_a_moment_is_read_in_its_own_zone_to_the_microsecond(value: str, moment: datetime) -> None:
    assert parse_moment("from", value) == moment


@pytest.mark.rule("R40")
def test_moments_are_set_against_the_same_local_clock_a_year_before() -> None:
    # Clocks had changed by then in the one year, and had not in the other.
    since = datetime(2026, 3, 29, 10, tzinfo=UTC)
    berlin = Range(since=since, until=since + timedelta(hours=5), zone=ZoneInfo("Europe/Berlin"), label="")

    found = comparison_range(Params({}), berlin, "year_over_year", NOON)

    assert found is not None
    assert found.since == datetime(2025, 3, 29, 11, tzinfo=UTC)
    assert found.until - found.since == timedelta(hours=5)


@pytest.mark.rule("R35")
def test_thirty_days_end_today_by_default() -> None:
    found = resolve_range(Params({}), UTC_ZONE, NOON, None)

    assert (str(found.first_day), str(found.last_day), found.label, found.days) == (
        "2026-02-09", "2026-03-10", "30 days", 30,
    )  # fmt: skip


def january(first: int, last: int, year: int = 2024) -> Range:
    start = datetime(year, 1, first).date()  # noqa: DTZ001
    return days_range(start, start.replace(day=last), UTC_ZONE, "days")


COMPARISONS: dict[str, tuple[Compare, dict[str, tuple[str, ...]], Range, tuple[str, str]]] = {
    "previous": ("previous", {}, january(8, 14), ("2024-01-01", "2024-01-07")),
    "year": ("year_over_year", {}, january(8, 14), ("2023-01-08", "2023-01-14")),
    "weekday": ("year_over_year", {"match_day_of_week": ("true",)}, january(8, 14), ("2023-01-09", "2023-01-15")),
    "previous weekday": ("previous", {"match_day_of_week": ("true",)}, january(10, 19), ("2023-12-27", "2024-01-05")),
}


@pytest.mark.rule("R40")
@pytest.mark.parametrize(("compare", "params", "current", "expected"), COMPARISONS.values(), ids=COMPARISONS)
def test_a_range_is_set_against(
    compare: Compare, params: dict[str, tuple[str, ...]], current: Range, expected: tuple[str, str]
) -> None:
    found = comparison_range(Params(params), current, compare, NOON)

    assert found is not None
    assert (str(found.first_day), str(found.last_day)) == expected


@pytest.mark.rule("R40")
def test_a_leap_day_is_set_against_the_28th() -> None:
    leap = days_range(datetime(2024, 2, 29).date(), datetime(2024, 2, 29).date(), UTC_ZONE, "")  # noqa: DTZ001

    found = comparison_range(Params({}), leap, "year_over_year", NOON)

    assert found is not None
    assert str(found.first_day) == "2023-02-28"


@pytest.mark.rule("R41")
@pytest.mark.parametrize(
    ("current", "before", "is_percent", "expected"),
    [
        (12, 10, False, 20.0),
        (0, 0, False, 0),
        (3, 0, False, None),
        (1, 3, False, -66.7),
        (2001, 2000, False, 0.1),
        (43.51, 45.0, True, -1.49),
    ],
)
def test_a_change_is_told(current: float, before: float, is_percent: bool, expected: float | None) -> None:
    assert change(current, before, is_percent=is_percent) == expected
