"""The golden vectors of SPEC section 4.13, from an HTTP request to an HTTP answer on real servers."""

import random
from typing import Any
from uuid import uuid4

import pytest

from tests.golden.site import Site
from tests.golden.vectors import BOT, DAY, event, golden_events

DAY_1 = f"from={DAY}&to={DAY}&compare=none"
DAY_2 = "from=2026-03-03&to=2026-03-03&compare=none"
BOTH = f"from={DAY}&to=2026-03-03&compare=none"
SEED_METRICS = ("page_views", "unique_visitors", "sessions", "bounce_rate", "avg_session_time", "pages_per_session")


@pytest.mark.rule("G1")
@pytest.mark.rule("G2")
@pytest.mark.rule("G3")
def test_day_totals_are_the_vectors(golden: Site) -> None:
    first, second, both = (golden.metrics(query) for query in (DAY_1, DAY_2, BOTH))

    assert {name: first[name] for name in ("page_views", "unique_visitors", "sessions", "avg_session_time")} == {
        "page_views": 5,
        "unique_visitors": 3,
        "sessions": 4,
        "avg_session_time": 829,
    }
    assert (first["bounce_rate"], first["pages_per_session"]) == (25.0, 1.25)
    assert {name: second[name] for name in SEED_METRICS} == {
        "page_views": 1,
        "unique_visitors": 1,
        "sessions": 0,
        "bounce_rate": 0,
        "avg_session_time": 0,
        "pages_per_session": 0,
    }
    assert (both["page_views"], both["unique_visitors"], both["sessions"], both["pages_per_session"]) == (6, 4, 4, 1.5)


@pytest.mark.rule("G3")
@pytest.mark.rule("R10")
def test_a_persistent_visitor_is_counted_once_over_two_days(site: Site) -> None:
    site.take_in(golden_events(persistent=True))

    report = site.read("dashboard/{}", BOTH)

    assert report["metrics"]["unique_visitors"] == 3
    assert report["meta"]["visitors"] == "exact"


@pytest.mark.rule("G4")
def test_pages_of_day_one_are_the_vectors(golden: Site) -> None:
    pages = {row["page"]: row for row in golden.rows("dashboard/{}/pages", DAY_1)}

    a, b, c = pages["/a"], pages["/b"], pages["/c"]
    assert (a["views"], a["exit_rate"], a["bounce_rate"], a["avg_time"]) == (3, 33.33, 33.33, 16)
    assert (b["views"], b["exit_rate"], "bounce_rate" in b) == (1, 0.0, False)
    assert (c["views"], c["exit_rate"], "bounce_rate" in c) == (1, 100.0, False)


@pytest.mark.rule("G9")
@pytest.mark.rule("R16")
def test_a_gap_of_1800_seconds_stays_and_1801_splits(site: Site) -> None:
    stays = [event("v1", "10:00:00", "/a"), event("v1", "10:30:00", "/a")]
    splits = [event("v2", "10:00:00", "/a"), event("v2", "10:30:01", "/a")]

    site.take_in(stays + splits)

    assert site.metrics(DAY_1)["sessions"] == 3


@pytest.mark.rule("G10")
@pytest.mark.rule("R38")
def test_the_day_is_the_one_of_the_asked_zone(site: Site) -> None:
    site.take_in(
        [
            event("v1", "18:40:00", "/late", day="2026-01-01"),
            event("v2", "18:14:59", "/before", day="2026-01-01"),
            event("v2", "18:15:00", "/after", day="2026-01-01"),
        ],
    )

    kolkata = pages_of_day(site, "2026-01-02", "Asia/Kolkata")
    kathmandu = pages_of_day(site, "2026-01-02", "Asia/Kathmandu")

    assert kolkata == {"/late"}
    assert kathmandu == {"/late", "/after"}


def pages_of_day(site: Site, day: str, zone: str) -> set[str]:
    return {row["page"] for row in site.rows("dashboard/{}/pages", f"from={day}&to={day}&timezone={zone}")}


@pytest.mark.rule("G11")
@pytest.mark.rule("R38")
def test_days_of_a_clock_change_have_their_true_length(golden: Site) -> None:
    asked = {
        ("timeseries/{}", "from=2026-03-29&to=2026-03-29&timezone=Europe/Berlin&interval=hour"): 23,
        ("timeseries/{}", "from=2026-10-25&to=2026-10-25&timezone=Europe/Berlin&interval=hour"): 25,
        ("timeseries/{}", "from=2026-04-05&to=2026-04-05&timezone=Australia/Lord_Howe&interval=15m"): 98,
        ("timeseries/{}/daily", "from=2026-04-04&to=2026-04-05&timezone=Australia/Lord_Howe"): 2,
    }

    assert {(path, query): len(golden.rows(path, query)) for path, query in asked} == asked


@pytest.mark.rule("G14")
@pytest.mark.rule("R57")
@pytest.mark.rule("R21")
def test_a_batch_sent_three_times_in_any_order_counts_once(site: Site) -> None:
    events = [{**sent, "id": str(uuid4())} for sent in golden_events()]
    shuffled = random.Random(14).sample(events, len(events))

    for batch in (shuffled, events, list(reversed(events))):
        site.take_in(batch)

    seen = site.metrics(DAY_1)
    assert (seen["page_views"], seen["sessions"], seen["avg_session_time"]) == (5, 4, 829)


@pytest.mark.rule("G15")
@pytest.mark.rule("R55")
def test_one_bad_event_costs_no_other(site: Site) -> None:
    good, bad = {"website_id": site.website_id, "page": "/ok"}, {"website_id": site.website_id, "page": ""}
    send = site.pipeline.send

    mixed = send([good, bad, good])
    hopeless = send([bad, bad])
    oversized = send([good] * 1001)
    long_page = send([{**good, "page": "/" + "é" * 1500}])
    site.pipeline.wait_consumed()

    assert (mixed.status, mixed.body["accepted"], mixed.body["rejected"]) == (202, 2, 1)
    assert mixed.body["errors"][0]["index"] == 1
    assert hopeless.status == 400
    assert oversized.status == 413
    assert long_page.status == 202
    pages = {row["page"]: row["views"] for row in site.rows("dashboard/{}/pages", "days=2")}
    assert pages == {"/ok": 2, "/" + "é" * 1023: 1}


@pytest.mark.rule("G16")
@pytest.mark.rule("R9")
@pytest.mark.rule("R50")
def test_bots_are_kept_but_not_counted(golden: Site) -> None:
    before = golden.metrics(DAY_1)

    golden.take_in([{**event("v1", "12:00:00", "/a"), "user_agent": BOT, "ip_address": "192.0.2.1"}])

    assert golden.metrics(DAY_1) == before
    assert golden.metrics(DAY_1 + "&include_bots=true")["page_views"] == before["page_views"] + 1
    report = golden.pipeline.read(f"websites/{golden.website_id}/ingest-report", query="days=2")
    assert report.body["totals"]["flags"] == {"bot": 1}


@pytest.mark.rule("G17")
@pytest.mark.rule("R63")
def test_strangers_learn_nothing_of_a_site(golden: Site) -> None:
    read, path = golden.pipeline.read, f"analytics/dashboard/{golden.website_id}"
    stranger = golden.pipeline.token(role="viewer", websites=("other",))

    unknown = read("analytics/dashboard/nobody")
    foreign = read(path, token=stranger)
    without_token = read(path, token="")

    assert (unknown.status, foreign.status, without_token.status) == (404, 404, 401)
    assert {**unknown.body, "request_id": ""} == {**foreign.body, "request_id": ""}
    assert without_token.headers["www-authenticate"] == "Bearer"


@pytest.mark.rule("G18")
def test_both_url_families_give_one_answer(golden: Site) -> None:
    twins = {
        "dashboard/{}": "{}/dashboard",
        "dashboard/{}/pages": "{}/top-pages",
        "geo/{}/countries": "{}/top-countries",
        "timeseries/{}/daily": "{}/daily-stats",
        "timeseries/{}/hourly": "{}/hourly-stats",
    }

    for family_a, family_b in twins.items():
        query = "" if "hourly" in family_a else DAY_1
        assert without_clock(golden.read(family_a, query)) == without_clock(golden.read(family_b, query)), family_a


def without_clock(body: dict[str, Any]) -> dict[str, Any]:
    return {**body, "meta": {**body["meta"], "generated_at": None}}


@pytest.mark.rule("G19")
def test_a_visit_of_custom_events_alone_is_a_session_without_pages(site: Site) -> None:
    site.take_in([event("v1", "10:00:00", "/x", event_type="signup")])

    seen = site.metrics(DAY_1)

    assert (seen["page_views"], seen["sessions"], seen["unique_visitors"], seen["bounce_rate"]) == (0, 1, 1, 0)
    assert site.rows("dashboard/{}/pages", DAY_1 + "&view=entry") == []


@pytest.mark.rule("G20")
@pytest.mark.rule("R34")
def test_a_page_filter_picks_whole_sessions(golden: Site) -> None:
    seen = golden.metrics(DAY_1 + "&page=/b")

    assert (seen["sessions"], seen["page_views"], seen["avg_session_time"]) == (1, 1, 2099)


@pytest.mark.rule("G12")
@pytest.mark.rule("R35")
def test_a_week_has_seven_days_that_add_up(site: Site) -> None:
    now = [{"website_id": site.website_id, "page": "/now", "visitor_id": f"v{n}"} for n in range(5)]
    assert site.pipeline.send(now).status == 202
    site.pipeline.wait_consumed()

    days = site.rows("timeseries/{}/daily", "days=7")
    totals = site.metrics("days=7")

    assert len(days) == 7
    assert sum(day["page_views"] for day in days) == totals["page_views"] == 5
    assert sum(day["sessions"] for day in days) == totals["sessions"] == 5
    for bad in ("days=0", "days=abc", "days=3661", "timezone=Mars/X"):
        assert site.pipeline.read(f"analytics/dashboard/{site.website_id}", query=bad).status == 400
