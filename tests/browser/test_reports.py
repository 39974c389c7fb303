"""What the page makes of weeks of visits, beside what the API answers of the same."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from shared.clock import utc_now
from tests.browser.shown_site import HOSTILE, Look, fill, looking, settle
from tests.flow.pipeline import Pipeline, wait_until

_NOW = utc_now()
# Who came how many days ago, and the pages they saw then.
_VISITS = (
    ("anna", 1, ("/", "/pricing")),
    ("anna", 9, ("/", "/pricing")),
    ("bert", 2, ("/", "/again", "/again", "/again")),
    ("carl", 8, ("/docs", "/docs/install", "/pricing")),
    ("carl", 16, ("/",)),
    ("dora", 10, ("/docs",)),
)
_VITALS = {
    "Largest paint": "lcp",
    "Interaction": "inp",
    "Layout shift": "cls",
    "First paint": "fcp",
    "First byte": "ttfb",
}
_SPOKEN = {
    "dropped_reasons": "dropped: {}",
    "dropped_by_gateway": "not taken in: {}",
    "flags": "stored, and taken for a: {}",
}  # fmt: skip


@pytest.fixture(scope="module")
def known(shared_pipeline: Pipeline) -> str:
    """A website that knows its visitors again."""
    website_id = "known-again"
    shared_pipeline.call("POST", "websites", {"id": website_id, "identity": "persistent", "timezone": "UTC"})
    events: list[dict[str, Any]] = []
    for visitor, days, pages in _VISITS:
        came = (_NOW - timedelta(days=days)).replace(hour=10, minute=0)
        for minute, path in enumerate(pages):
            at = (came + timedelta(minutes=minute)).isoformat()
            events.append({"website_id": website_id, "visitor_id": visitor, "timestamp": at, "page": path})
        speed = {"lcp": 300 * days, "cls": days / 50, "fcp": 200 * days, "ttfb": 100, "inp": 40 * days}
        events.append({**events[-1], "event_type": "performance", "performance": speed})
    assert shared_pipeline.send(events, shared_pipeline.import_headers()).body["accepted"] == len(events)
    shared_pipeline.wait_consumed()
    return website_id


@pytest.fixture(scope="module")
def opened(browser: Browser, shared_pipeline: Pipeline) -> Iterator[tuple[Page, str]]:
    """One page for all of them: each goes where it wants to be."""
    yield from looking(browser, shared_pipeline, Look())


def test_graph_shows_the_metric_that_is_chosen(opened: tuple[Page, str], known: str, shared_pipeline: Pipeline) -> None:
    page, origin = opened
    page.goto(f"{origin}/#/site/{known}?period=28d&compare=none")
    names = ("unique_visitors", "sessions", "page_views", "pages_per_session", "bounce_rate", "avg_session_time")
    query = f"period=28d&metrics={','.join(names)}"
    told = shared_pipeline.read(f"analytics/timeseries/{known}", query=query).body["data"]
    labels = {
        "Visits": [f"{item['sessions']}" for item in told],
        "Page views": [f"{item['page_views']}" for item in told],
        "Views per visit": [f"{item['pages_per_session']:.2f}" for item in told],
        "Bounce rate": [
            f"{rate:.{0 if rate in {0, 100} else 1}f} %" for rate in (item["bounce_rate"] for item in told)
        ],
        "Visit time": [
            f"{time // 60} m {time % 60:02} s" if time > 59 else f"{time} s"
            for time in (item["avg_session_time"] for item in told)
        ],
        "Visitors": [f"{item['unique_visitors']}" for item in told],
    }
    for label, expected in labels.items():
        page.locator(".tile-button", has=page.get_by_text(label, exact=True)).click()
        table = page.get_by_role("table", name=f"{label} over time", exact=True)
        expect(table.locator("tbody td")).to_have_text(expected)
    assert sum(item["unique_visitors"] for item in told) == len(_VISITS)


def test_other_line_is_dashed_and_what_the_api_compares_with(
    opened: tuple[Page, str], known: str, shared_pipeline: Pipeline
) -> None:
    page, origin = opened
    page.goto(f"{origin}/#/site/{known}?period=7d&metric=page_views")
    rows = page.get_by_role("table", name="Page views over time").locator("tbody tr")
    query = "period=7d&metrics=page_views&compare=previous"
    told = shared_pipeline.read(f"analytics/timeseries/{known}", query=query).body
    before = [item["page_views"] for item in told["comparison"]]
    assert sum(before) == 6
    expect(rows.locator("td:last-child")).to_have_text([str(views) for views in before])
    assert page.locator("path.line.before").evaluate("line => getComputedStyle(line).strokeDasharray") != "none"

    # The tip tells of both.
    chart = page.locator("svg.chart")
    box = chart.bounding_box()
    assert box is not None
    chart.hover(position={"x": box["width"] - 20, "y": 100})
    expect(page.locator(".tip .now")).to_have_text(f"Page views{told['data'][-1]['page_views']}")
    expect(page.locator(".tip")).to_contain_text(" (so far)")
    page.locator("#compare").click()
    with page.expect_response(lambda answer: "compare=year_over_year" in answer.url and "/timeseries/" in answer.url):
        page.get_by_role("menuitemradio", name="Year before").click()
    expect(page.locator("#compare")).to_have_text("vs year before")
    expect(rows.locator("td:last-child")).to_have_text(["0"] * 7)
    expect(page.locator(".moved").first).to_have_text("new")

    page.locator("#compare").click()
    page.get_by_role("menuitemradio", name="No comparison").click()
    expect(page.locator("path.line.before")).to_have_attribute("d", "")
    expect(page.get_by_role("columnheader", name="Before")).to_have_count(0)
    expect(page.locator(".moved")).to_have_count(0)


def test_coming_back_ways_and_speed_are_what_the_api_answers(
    opened: tuple[Page, str], known: str, shared_pipeline: Pipeline
) -> None:
    page, origin = opened
    page.goto(f"{origin}/#/site/{known}?period=28d")
    settle(page)

    def told(report: str, query: str) -> Any:
        return shared_pipeline.read(f"analytics/{known}/{report}", query=f"period=28d{query}").body

    weeks = told("retention", "&interval=week")["data"]
    rows = page.locator("section[aria-label=Retention] tbody tr")
    expect(rows).to_have_count(len(weeks))
    for row, week in zip(rows.all(), weeks, strict=True):
        shares = [cell["percentage"] if week["visitors"] else None for cell in week["periods"]]
        shown = ["" if share is None else f"{share:.{0 if share in {0, 100} else 1}f} %" for share in shares]
        expect(row.locator("td").nth(1)).to_have_text(str(week["visitors"]))
        assert row.locator(".cell").all_text_contents() == shown
    # Anna and Carl came back a week later or two.
    assert sum(week["visitors"] for week in weeks) == 4
    assert sum(cell["visitors"] for week in weeks for cell in week["periods"][1:]) == 2

    ways = told("journeys", "&steps=4")["data"]
    assert sum(way["sessions"] for way in ways) == len(_VISITS)
    lines = page.locator("section[aria-label=Journeys] li")
    assert lines.locator(".way").all_text_contents() == ["→".join(way["pages"]) for way in ways]
    assert lines.locator(".value").all_text_contents() == [str(way["sessions"]) for way in ways]

    speed = told("performance", "")
    assert speed["samples"] == len(_VISITS)
    for name, key in _VITALS.items():
        line = page.locator("section[aria-label='Web vitals'] li", has_text=name)
        value = f"{speed[key]['p75']:,}"
        expect(line.locator("b")).to_contain_text(value)
        expect(line.locator("b")).to_have_class(speed[key]["rating"])


def test_filters_add_up_and_one_is_removed(opened: tuple[Page, str], known: str, shared_pipeline: Pipeline) -> None:
    page, origin = opened
    visitors = page.locator(".main .figure").first
    page.goto(f"{origin}/#/site/{known}?period=28d")
    # By what is shown of each, and it says what that is.
    pages = page.locator("section[aria-label=Pages]")
    expect(pages.locator(".unit")).to_have_text("Visitors")
    expect(pages.locator(".value")).to_have_text(["3", "2", "2", "1", "1"])
    pages.locator(".name", has_text="/pricing").click()
    expect(visitors).to_have_text("2")
    pages.get_by_role("button", name="Entry").click()
    expect(pages.locator(".unit")).to_have_text("Entries")
    pages.locator(".name", has_text="/docs").click()
    expect(visitors).to_have_text("1")
    expect(page.locator(".chip:not(.add)")).to_have_text(["Page is /pricing ×", "Entry page is /docs ×"])
    filters = quote(json.dumps([["is", "page", ["/pricing"]], ["is", "entry_page", ["/docs"]]]))
    query = f"period=28d&filters={filters}"
    metrics = shared_pipeline.read(f"analytics/dashboard/{known}", query=query).body["metrics"]
    assert (metrics["unique_visitors"], metrics["page_views"]) == (1, 1)
    address = page.url
    page.reload()
    expect(visitors).to_have_text("1")
    settle(page)
    assert page.url == address
    expect(page.locator(".chip:not(.add)")).to_have_count(2)

    page.locator(".chip").first.click()
    expect(page.locator(".chip:not(.add)")).to_have_text(["Entry page is /docs ×"])
    expect(visitors).to_have_text("2")


def test_property_of_an_event_filters(opened: tuple[Page, str], shared_pipeline: Pipeline) -> None:
    site = fill(shared_pipeline)
    page, origin = opened
    page.goto(f"{origin}/#/site/{site}?period=24h")
    page.get_by_role("button", name=f"Properties of {HOSTILE[:100]}").click()
    expect(page.locator("dialog h2")).to_have_text(HOSTILE[:100])
    expect(page.locator("dialog h3")).to_have_text(HOSTILE[:100])
    told = shared_pipeline.read(
        f"events/{site}/custom-events",
        query=f"period=24h&event_type={quote(HOSTILE[:100])}&prop={quote(HOSTILE[:100])}",
    ).body["data"]
    assert [(row["value"], row["unique_visitors"]) for row in told] == [(HOSTILE, 1)]
    expect(page.locator("dialog li .value")).to_have_text("1")
    page.locator("dialog li .name").click()

    expect(page.locator("dialog")).to_have_count(0)
    expect(page.locator(".chip").first).to_have_text(f"{HOSTILE[:100]} is {HOSTILE} ×")
    expect(page.locator(".main .figure").first).to_have_text("1")
    expect(page.locator("section[aria-label=Events] .name")).to_have_text(HOSTILE[:100])


def test_list_of_websites_is_searched_and_leads_to_each(
    opened: tuple[Page, str], known: str, shared_pipeline: Pipeline
) -> None:
    page, origin = opened
    # So many that one is searched for, whoever else has some.
    for number in range(6):
        shared_pipeline.call("POST", "websites", {"id": f"one-of-many-{number}"})
    page.goto(f"{origin}/#/")
    page.reload()
    expect(page.locator(".site")).to_have_count(shared_pipeline.read("websites").body["total"])
    search = page.get_by_label("Search websites")
    search.fill(known.upper())
    expect(page.locator(".site")).to_have_count(1)
    week = shared_pipeline.read(f"analytics/dashboard/{known}", query="period=7d").body
    expect(page.locator(".site b")).to_have_text(str(week["metrics"]["unique_visitors"]))
    assert week["metrics"]["unique_visitors"] == 2
    expect(page.locator(".site .moved")).to_have_text(
        f"{week['comparison']['change']['unique_visitors']:+} %".replace("-", "−")
    )
    expect(page.get_by_role("img", name="Visitors of the last 7 days")).to_be_visible()
    search.fill("nothing is called so")
    expect(page.locator(".sites")).to_have_text("No website is called so.")
    search.fill(known)
    page.locator(".site").click()
    expect(page.locator("h1")).to_contain_text(known)
    page.locator("h1 button").first.click()
    page.get_by_role("menuitemradio", name="one-of-many-0").click()
    expect(page.locator(".welcome")).to_be_visible()
    assert page.url.partition("?")[0] == f"{origin}/#/site/one-of-many-0"


def test_what_was_dropped_is_told_with_the_reason(opened: tuple[Page, str], shared_pipeline: Pipeline) -> None:
    page, origin = opened
    website_id = "reported"
    shared_pipeline.call("POST", "websites", {"id": website_id, "gpc": "drop"})

    def send(page: str, headers: dict[str, str] | None = None, **more: str) -> str | None:
        event = {"website_id": website_id, "page": page, **more}
        return shared_pipeline.send([event], headers).headers.get("x-analytics-dropped")

    # Gateways hear of a website soon.
    wait_until(lambda: send("/never", {"Sec-GPC": "1"}) == "gpc", "an event that the gateway drops")
    for _ in range(3):
        send("/", id="view-1")
    send("/b", {"User-Agent": "Googlebot/2.1 (+http://www.google.com/bot.html)"})
    send("/c", event_type="engagement", visitor_id="nobody")
    shared_pipeline.wait_consumed()

    def told() -> dict[str, Any]:
        return shared_pipeline.read(f"websites/{website_id}/ingest-report", query="period=24h").body["totals"]

    wait_until(lambda: told()["dropped_by_gateway"] == {"gpc": 1}, f"what the gateway dropped: {told()}")
    totals = told()
    assert (totals["duplicates"], totals["dropped_reasons"], totals["flags"]) == (2, {"no_session": 1}, {"bot": 1})
    expected: dict[str, str] = {}
    for name, count in totals.items():
        if isinstance(count, int):
            expected[name.replace("_", " ")] = str(count)
        else:
            expected |= {_SPOKEN[name].format(part.replace("_", " ")): str(events) for part, events in count.items()}
    page.goto(f"{origin}/#/site/{website_id}/settings")
    section = page.locator("section[aria-label='Ingest report']")
    with page.expect_response("**/ingest-report?period=24h"):
        section.get_by_label("Period").select_option("24h")
    rows = section.locator("tbody tr")
    expect(rows.locator("td.number")).to_have_text(list(expected.values()))
    # What a line means stands in small letters beside it.
    names = rows.locator("td:first-child").evaluate_all("cells => cells.map(cell => cell.firstChild.textContent)")
    assert names == list(expected)
    expect(rows.filter(has_text="dead lettered").locator("small")).to_have_text("could not be stored, kept aside")

    # Robots are counted where they are asked for.
    page.goto(f"{origin}/#/site/{website_id}?period=24h")
    views = page.locator(".main .figure").nth(2)
    expect(views).to_have_text(str(totals["stored"] - totals["flags"]["bot"]))
    page.get_by_role("button", name="More").click()
    page.get_by_role("menuitemradio", name="Include robots").click()
    expect(views).to_have_text(str(totals["stored"]))
    assert "bots=1" in page.url
