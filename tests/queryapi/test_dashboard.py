"""The overview against the golden vector, and how populations hold together."""

from datetime import timedelta

import psycopg
import pytest

from tests.queryapi.rig import SITE, Api, Hit, at, refresh, running, settings_for, store, vector

DAY_1 = "from=2026-03-02&to=2026-03-02&compare=none"
DAY_2 = "from=2026-03-03&to=2026-03-03&compare=none"
BOTH = "from=2026-03-02&to=2026-03-03&compare=none"
# How far the rollups are behind when the reports are asked.
DIRTY = ("full", "half", "empty")


async def metrics(api: Api, query: str) -> dict[str, object]:
    found: dict[str, object] = (await api.read(f"dashboard/{SITE}", query))["metrics"]
    return found


def store_with_dirt(database: str, hits: list[Hit], dirt: str) -> None:
    if dirt == "half":
        middle = len(hits) // 2
        sessions = {hit.session for hit in hits[:middle]}
        store(database, [hit for hit in hits if hit.session in sessions])
        refresh(database)
        store(database, [hit for hit in hits if hit.session not in sessions])
        return
    store(database, hits)
    if dirt == "empty":
        refresh(database)


@pytest.mark.parametrize("dirt", DIRTY)
@pytest.mark.rule("G1")
@pytest.mark.rule("G2")
@pytest.mark.rule("G3")
@pytest.mark.rule("R2")
@pytest.mark.rule("R20")
@pytest.mark.rule("R22")
@pytest.mark.rule("R23")
@pytest.mark.rule("R25")
@pytest.mark.rule("R26")
@pytest.mark.rule("R27")
@pytest.mark.rule("R31")
async def test_totals_are_the_golden_ones_however_far_the_rollups_are(database: str, dirt: str) -> None:
    store_with_dirt(database, vector(), dirt)

    async with running(settings_for(database)) as api:
        first, second, both = [await metrics(api, query) for query in (DAY_1, DAY_2, BOTH)]

    assert first == {
        "page_views": 5,
        "unique_visitors": 3,
        "sessions": 4,
        "bounce_rate": 25.0,
        "avg_session_time": 829,
        "pages_per_session": 1.25,
        "avg_engaged_time": 4,
        "engagement_rate": 100.0,
        "events": 1,
    }
    assert second == {
        "page_views": 1,
        "unique_visitors": 1,
        "sessions": 0,
        "bounce_rate": 0,
        "avg_session_time": 0,
        "pages_per_session": 0,
        "avg_engaged_time": 0,
        "engagement_rate": 0,
        "events": 0,
    }
    assert {name: both[name] for name in ("page_views", "unique_visitors", "sessions", "pages_per_session")} == {
        "page_views": 6,
        "unique_visitors": 4,
        "sessions": 4,
        "pages_per_session": 1.5,
    }


@pytest.mark.rule("G20")
@pytest.mark.rule("R34")
async def test_a_page_filter_counts_its_views_and_whole_sessions(database: str) -> None:
    store(database, vector())

    async with running(settings_for(database)) as api:
        found = await metrics(api, f"{DAY_1}&page=/b")
        goal = await metrics(api, f"{DAY_1}&event_type=signup")
        entry = await metrics(api, f"{DAY_1}&entry_page=/a&exit_page=/c")

    assert (found["sessions"], found["page_views"], found["avg_session_time"]) == (1, 1, 2099)
    assert (goal["sessions"], goal["page_views"], goal["events"], goal["unique_visitors"]) == (1, 0, 1, 1)
    assert (entry["sessions"], entry["page_views"]) == (1, 3)


@pytest.mark.rule("G19")
async def test_a_session_of_a_custom_event_alone_counts(database: str) -> None:
    store(database, [Hit(at=at("10:00:00"), event_type="signup", page="")])

    async with running(settings_for(database)) as api:
        found = await metrics(api, DAY_1)
        entries = await api.read(f"dashboard/{SITE}/pages", f"{DAY_1}&view=entry")

    assert (found["page_views"], found["sessions"], found["unique_visitors"], found["bounce_rate"]) == (0, 1, 1, 0)
    assert entries["data"] == []


@pytest.mark.rule("R9")
async def test_bots_count_only_when_asked_for(database: str) -> None:
    store(database, [*vector(), Hit(at=at("12:00:00"), visitor="bot", session="bot", is_bot=True)])

    async with running(settings_for(database)) as api:
        without = await metrics(api, DAY_1)
        with_bots = await metrics(api, f"{DAY_1}&include_bots=true")

    assert (without["page_views"], with_bots["page_views"]) == (5, 6)
    assert (without["sessions"], with_bots["sessions"]) == (4, 5)


@pytest.mark.rule("R22")
async def test_only_interactive_events_keep_a_visit_from_bouncing(database: str) -> None:
    first = Hit(at=at("10:00:00"))
    silent = Hit(at=at("10:00:05"), event_type="scroll", interactive=False)
    long_read = Hit(at=at("10:05:00"), event_type="engagement", engaged_ms=300_000)
    store(database, [first, silent, long_read])

    async with running(settings_for(database)) as api:
        found = await metrics(api, DAY_1)

    assert (found["bounce_rate"], found["engagement_rate"], found["avg_engaged_time"]) == (100.0, 100.0, 300)


@pytest.mark.rule("R36")
@pytest.mark.rule("R34")
async def test_a_range_of_moments_cuts_quarters_of_an_hour(database: str) -> None:
    store(
        database, [Hit(at=at("10:00:00") + timedelta(minutes=n), session=f"s{n}", visitor=f"v{n}") for n in range(60)]
    )
    refresh(database)

    async with running(settings_for(database)) as api:
        cut = await metrics(api, "from=2026-03-02T10:05:00Z&to=2026-03-02T10:50:30Z&compare=none")
        inside = await metrics(api, "from=2026-03-02T10:05:00Z&to=2026-03-02T10:10:00Z&compare=none")

    assert (cut["page_views"], cut["sessions"], cut["unique_visitors"]) == (46, 46, 46)
    assert (inside["page_views"], inside["sessions"]) == (5, 5)


@pytest.mark.rule("R40")
@pytest.mark.rule("R41")
async def test_the_comparison_stops_at_the_same_clock_time(database: str) -> None:
    hits = [
        Hit(at=at("10:00:00", 8), session="today", visitor="a"),
        Hit(at=at("11:00:00", 8), session="today", visitor="a"),
        Hit(at=at("11:00:00", 7), session="yesterday", visitor="b"),
        Hit(at=at("13:00:00", 7), session="later", visitor="c"),
    ]
    store(database, hits)

    async with running(settings_for(database)) as api:
        body = await api.read(f"dashboard/{SITE}", "days=1")

    assert body["comparison"]["metrics"]["page_views"] == 1
    assert body["comparison"]["change"]["page_views"] == 100.0
    assert body["comparison"]["change"]["bounce_rate"] == -100.0
    assert body["comparison"]["date_range"] == "previous 1 days"
    assert body["comparison"]["range"]["to"] == "2026-03-09T12:00:00+00:00"


@pytest.mark.rule("R41")
async def test_something_out_of_nothing_is_new(database: str) -> None:
    store(database, [Hit(at=at("10:00:00", 8))])

    async with running(settings_for(database)) as api:
        comparison = (await api.read(f"dashboard/{SITE}", "days=1"))["comparison"]

    assert comparison["change"]["page_views"] is None
    assert comparison["new"]["page_views"] is True
    assert comparison["change"]["avg_session_time"] == 0


@pytest.mark.rule("R42")
async def test_a_comparison_that_needs_dropped_events_is_null(database: str) -> None:
    store(database, vector())
    with psycopg.connect(database) as connection:
        connection.execute("INSERT INTO dropped_days (day) VALUES ('2026-02-28')")

    async with running(settings_for(database)) as api:
        body = await api.read(f"dashboard/{SITE}", "from=2026-03-01&to=2026-03-02&page=/a")
        rolled_up = await api.read(f"dashboard/{SITE}", "from=2026-03-01&to=2026-03-02")

    assert body["comparison"] is None
    assert body["meta"]["warnings"] == ["comparison_out_of_retention"]
    assert rolled_up["comparison"] is not None


# What is set against, the filter that needs raw events, and whether 2026-02-28, which is gone, is needed for it.
AGAINST = {
    "until the day before": (("2026-02-26", "2026-02-27"), "page=/a", False),
    "until the day": (("2026-02-26", "2026-02-28"), "page=/a", True),
    "since the day": (("2026-02-28", "2026-03-01"), "page=/a", True),
    "since the day after": (("2026-03-01", "2026-03-01"), "page=/a", False),
    "until its first moment": (("2026-02-27T22:00:00Z", "2026-02-28T00:00:00Z"), "page=/a", False),
    "until its first second is over": (("2026-02-27T22:00:00Z", "2026-02-28T00:00:01Z"), "page=/a", True),
    "whole quarters of an hour": (("2026-02-28T10:00:00Z", "2026-02-28T11:00:00Z"), "", False),
    "a quarter that is cut": (("2026-02-28T10:00:00Z", "2026-02-28T11:00:01Z"), "", True),
    "one of another day that is cut": (("2026-02-27T23:50:00Z", "2026-02-28T11:00:00Z"), "", False),
}


@pytest.mark.rule("R42")
async def test_a_comparison_is_null_where_it_needs_events_of_a_dropped_day(database: str) -> None:
    store(database, vector())
    with psycopg.connect(database) as connection:
        connection.execute("INSERT INTO dropped_days (day) VALUES ('2026-02-28')")
    is_null: dict[str, bool] = {}

    async with running(settings_for(database)) as api:
        for name, ((first, last), needed, _) in AGAINST.items():
            against = f"compare=custom&compare_from={first}&compare_to={last}&{needed}"
            body = await api.read(f"dashboard/{SITE}", f"from=2026-03-02&to=2026-03-02&{against}")
            is_null[name] = body["comparison"] is None
            assert (body["meta"]["warnings"] == ["comparison_out_of_retention"]) is is_null[name], name

    assert is_null == {name: is_lost for name, (_, _, is_lost) in AGAINST.items()}


@pytest.mark.rule("R42")
async def test_days_that_one_website_dropped_are_lost_to_it_alone(database: str) -> None:
    store(database, [*vector(), Hit(at=at("10:00:00"), website_id="other")])
    with psycopg.connect(database) as connection:
        connection.execute("INSERT INTO dropped_site_days (website_id, day) VALUES (%s, '2026-02-28')", (SITE,))

    async with running(settings_for(database)) as api:
        own = await api.read(f"dashboard/{SITE}", "from=2026-03-01&to=2026-03-02&page=/a")
        other = await api.read("dashboard/other", "from=2026-03-01&to=2026-03-02&page=/a")

    assert (own["comparison"], own["meta"]["warnings"]) == (None, ["comparison_out_of_retention"])
    assert (other["comparison"] is None, other["meta"]["warnings"]) == (False, [])


@pytest.mark.parametrize("dirt", DIRTY)
async def test_utm_performance_lists_tagged_sessions(database: str, dirt: str) -> None:
    tagged = {"utm_source": "newsletter", "utm_medium": "email", "source": "newsletter", "channel": "Email"}
    hits = [*vector(), Hit(at=at("12:00:00"), visitor="m", session="m", attributes=tagged)]
    store_with_dirt(database, hits, dirt)

    async with running(settings_for(database)) as api:
        body = await api.read(f"dashboard/{SITE}", DAY_1)

    assert body["utm_performance"] == [
        {
            "utm_source": "newsletter",
            "utm_medium": "email",
            "utm_campaign": None,
            "sessions": 1,
            "unique_visitors": 1,
            "page_views": 1,
            "bounce_rate": 100.0,
            "avg_session_time": 0,
            "events": 0,
        }
    ]


@pytest.mark.rule("R67")
@pytest.mark.rule("G3")
async def test_the_answer_says_what_its_visitors_are(database: str) -> None:
    lasting = [
        Hit(at=at("10:00:00", day), session=f"s{day}", visitor="me", is_persistent=True, website_id="lasting")
        for day in (0, 1)
    ]
    store(database, [*vector(), *lasting])

    async with running(settings_for(database)) as api:
        derived = await api.read(f"dashboard/{SITE}", BOTH)
        exact = await api.read("dashboard/lasting", BOTH)

    assert derived["meta"]["visitors"] == "visitor_days"
    assert (exact["meta"]["visitors"], exact["metrics"]["unique_visitors"]) == ("exact", 1)
