"""Series over local time, and their sums."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from queryapi.query import Range
from queryapi.ranges import days_range
from queryapi.timeseries import auto_interval
from tests.queryapi.rig import SITE, Hit, at, running, settings_for, store, vector

BOTH = "from=2026-03-02&to=2026-03-03"


@pytest.mark.rule("R20")
@pytest.mark.rule("R39")
@pytest.mark.parametrize("interval", ["15m", "hour", "day", "week", "month"])
async def test_buckets_add_up_to_the_totals(database: str, interval: str) -> None:
    store(database, vector())

    async with running(settings_for(database)) as api:
        body = await api.read(f"timeseries/{SITE}", f"{BOTH}&interval={interval}")

    for metric in ("page_views", "sessions"):
        assert sum(item[metric] for item in body["data"]) == body["totals"][metric]
    assert body["totals"] == {"page_views": 6, "unique_visitors": 4, "sessions": 4}
    assert len(body["comparison"]) == len(body["data"])


@pytest.mark.rule("R35")
@pytest.mark.rule("G12")
async def test_seven_days_are_seven_items_that_equal_the_dashboard(database: str) -> None:
    store(database, [Hit(at=at("10:00:00", day), session=f"s{day}", visitor=f"v{day}") for day in range(9)])

    async with running(settings_for(database)) as api:
        daily = await api.read(f"timeseries/{SITE}/daily", "days=7")
        total = (await api.read(f"dashboard/{SITE}", "days=7"))["metrics"]

    assert [item["date"] for item in daily["data"]] == [f"2026-03-{day:02}" for day in range(4, 11)]
    assert sum(item["page_views"] for item in daily["data"]) == total["page_views"] == 7
    assert sum(item["sessions"] for item in daily["data"]) == total["sessions"] == 7
    assert [item.get("partial") for item in daily["data"]] == [None] * 6 + [True]
    assert daily["data"][0] == {
        "time": "2026-03-04T00:00:00+00:00", "date": "2026-03-04", "page_views": 1, "unique_visitors": 1,
        "sessions": 1, "bounce_rate": 100.0, "avg_session_time": 0, "pages_per_session": 1.0,
    }  # fmt: skip


@pytest.mark.rule("G10")
@pytest.mark.rule("R37")
async def test_a_day_is_the_local_one(database: str) -> None:
    store(database, [Hit(at=at("18:40:00"))], timezone="Asia/Kolkata")

    async with running(settings_for(database)) as api:
        own = await api.read(f"{SITE}/daily-stats", "from=2026-03-03&to=2026-03-03")
        asked = await api.read(f"{SITE}/daily-stats", "from=2026-03-02&to=2026-03-02&timezone=UTC")
        kathmandu = await api.read(f"{SITE}/daily-stats", "from=2026-03-03&to=2026-03-03&timezone=Asia/Kathmandu")

    assert own["data"][0]["page_views"] == asked["data"][0]["page_views"] == kathmandu["data"][0]["page_views"] == 1
    assert kathmandu["data"][0]["time"] == "2026-03-03T00:00:00+05:45"


async def test_hours_of_today_end_with_the_running_one(database: str) -> None:
    store(database, [Hit(at=at("11:30:00", 8))])

    async with running(settings_for(database)) as api:
        today = await api.read(f"timeseries/{SITE}/hourly")
        last = await api.read(f"{SITE}/hourly-stats", "hours=3")

    assert [len(today["data"]), len(last["data"])] == [13, 3]
    assert today["data"][11]["page_views"] == last["data"][1]["page_views"] == 1
    assert last["data"][2]["hour"] == "2026-03-10T12:00:00+00:00"
    assert last["data"][2]["partial"] is True


@pytest.mark.rule("R38")
@pytest.mark.rule("G11")
@pytest.mark.parametrize(
    ("day", "zone", "items"),
    [
        ("2025-03-30", "Europe/Berlin", 23),
        ("2025-10-26", "Europe/Berlin", 25),
        ("2025-04-06", "Australia/Lord_Howe", 25),
        ("2025-10-05", "Australia/Lord_Howe", 24),
    ],
)
async def test_a_night_of_a_clock_change_has_its_own_hours(database: str, day: str, zone: str, items: int) -> None:
    store(database, vector())

    async with running(settings_for(database)) as api:
        body = await api.read(f"timeseries/{SITE}", f"from={day}&to={day}&interval=hour&timezone={zone}&compare=none")

    assert len(body["data"]) == items
    assert len({item["time"] for item in body["data"]}) == items


BERLIN = ZoneInfo("Europe/Berlin")
# As long as it may be, and as little more as there is. A day of 25 hours is a day, and a year of 366 days is a year.
LENGTHS = [
    pytest.param(days_range(date(2026, 10, 24), date(2026, 10, 25), BERLIN, ""), "hour", id="2 days, 49 hours"),
    pytest.param(days_range(date(2026, 3, 28), date(2026, 3, 30), BERLIN, ""), "day", id="3 days, 71 hours"),
    pytest.param(days_range(date(2026, 8, 1), date(2026, 10, 31), BERLIN, ""), "day", id="92 days and an hour"),
    pytest.param(days_range(date(2026, 3, 1), date(2026, 6, 1), BERLIN, ""), "week", id="93 days less an hour"),
    pytest.param(days_range(date(2022, 1, 1), date(2024, 12, 31), BERLIN, ""), "week", id="3 years, 1096 days"),
    pytest.param(days_range(date(2022, 1, 1), date(2025, 1, 1), BERLIN, ""), "month", id="3 years and a day"),
    *(
        pytest.param(Range(since=since, until=since + length, zone=BERLIN, label=""), interval, id=f"{length}")
        for since in (datetime(2026, 1, 1, 5, tzinfo=UTC),)
        for length, interval in (
            (timedelta(days=2), "hour"),
            (timedelta(days=2, microseconds=1), "day"),
            (timedelta(days=92), "day"),
            (timedelta(days=92, microseconds=1), "week"),
            (timedelta(days=1096), "week"),
            (timedelta(days=1096, microseconds=1), "month"),
        )
    ),
]


@pytest.mark.rule("A11")
@pytest.mark.parametrize(("asked", "interval"), LENGTHS)
def test_a_series_has_the_interval_that_fits_its_length(asked: Range, interval: str) -> None:
    assert auto_interval(asked) == interval
