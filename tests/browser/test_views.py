"""What the site view can be asked for: other intervals, days, zones, places, whom, and all of it as files."""

import csv
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, expect

from shared.clock import utc_now
from tests.browser.shown_site import FORMULA, HOSTILE, Look, fill, looking, settle
from tests.flow.pipeline import Pipeline

_TODAY = utc_now().date()


@pytest.fixture(scope="module")
def site(shared_pipeline: Pipeline) -> str:
    """Nothing here changes it."""
    return fill(shared_pipeline)


@pytest.fixture(scope="module")
def opened(browser: Browser, shared_pipeline: Pipeline) -> Iterator[tuple[Page, str]]:
    """One page for all of them: each goes where it wants to be."""
    yield from looking(browser, shared_pipeline, Look())


def test_interval_is_switched(opened: tuple[Page, str], site: str) -> None:
    page, origin = opened
    page.goto(f"{origin}/#/site/{site}?period=30d&compare=none")
    rows = page.get_by_role("table", name="Visitors over time").locator("tbody tr")
    expect(rows).to_have_count(30)
    page.get_by_role("button", name="Weeks").click()

    # 30 days lie in five weeks or six.
    expect(rows.first.locator("th")).to_contain_text("Week of")
    assert rows.count() in {5, 6}
    assert "interval=week" in page.url
    page.get_by_role("button", name="Months").click()
    expect(rows.first.locator("th")).not_to_contain_text("Week")
    # In one month where it has 30 days and ends today, in three around a short February.
    assert rows.count() in {1, 2, 3}


def test_note_stands_on_the_graph(opened: tuple[Page, str], shared_pipeline: Pipeline) -> None:
    page, origin = opened
    website_id, zone = "noted", ZoneInfo("Asia/Kathmandu")
    shared_pipeline.call("POST", "websites", {"id": website_id, "timezone": zone.key})
    shared_pipeline.send({"website_id": website_id, "page": "/"}, path="event")
    shared_pipeline.wait_consumed()
    page.goto(f"{origin}/#/site/{website_id}/settings")
    # By the clock of the website, whatever that of the browser shows.
    then = (utc_now() - timedelta(days=2)).replace(second=0, microsecond=0)
    page.get_by_label("When").fill(f"{then.astimezone(zone):%Y-%m-%dT%H:%M}")
    page.get_by_label("What happened").fill("A release")
    page.locator("section[aria-label=Annotations]").get_by_role("button", name="Add").click()
    expect(page.locator("section[aria-label=Annotations] li")).to_contain_text(
        f"{then.astimezone(zone):%H:%M} A release"
    )
    (note,) = shared_pipeline.read(f"websites/{website_id}/annotations").body["data"]
    assert datetime.fromisoformat(note["at"]) == then
    page.get_by_role("button", name="Back to the numbers").click()
    expect(page.locator(".chart .note")).to_have_count(1)
    settle(page)
    page.locator("svg.chart").focus()
    for key in ("End", "ArrowLeft", "ArrowLeft"):
        page.keyboard.press(key)
    expect(page.locator(".tip .said")).to_have_text("A release")

    page.keyboard.press("d")
    expect(page.locator("#period")).to_have_text("Today")
    settle(page)
    expect(page.locator(".chart .note")).to_have_count(0)
    page.goto(f"{origin}/#/site/{website_id}/settings")
    page.get_by_role("button", name="Delete A release").click()
    page.get_by_role("button", name="Delete annotation").click()
    expect(page.locator("section[aria-label=Annotations] li")).to_have_count(0)
    assert shared_pipeline.read(f"websites/{website_id}/annotations").body["data"] == []


def test_days_are_counted_in_the_zone_that_is_chosen(
    opened: tuple[Page, str], site: str, shared_pipeline: Pipeline
) -> None:
    page, origin = opened
    page.goto(f"{origin}/#/site/{site}?period=7d&compare=none&metric=page_views")
    settle(page)
    page.get_by_role("button", name="More").click()
    page.click("text=Time zone…")
    page.get_by_label("Days are counted in").fill("Pacific/Kiritimati")
    page.get_by_role("button", name="Use").click()
    settle(page)

    query = "period=7d&metrics=page_views&timezone=Pacific/Kiritimati"
    told = shared_pipeline.read(f"analytics/timeseries/{site}", query=query).body["data"]
    table = page.get_by_role("table", name="Page views over time")
    expect(table.locator("tbody td")).to_have_text([str(item["page_views"]) for item in told])
    expect(table.locator("tbody th").last).to_contain_text(str(int(told[-1]["date"][-2:])))
    assert "timezone=Pacific%2FKiritimati" in page.url


def test_days_are_chosen_and_shortcuts_leave_them(opened: tuple[Page, str], site: str) -> None:
    page, origin = opened
    page.goto(f"{origin}/#/site/{site}")
    page.locator("#period").click()
    page.click("text=Choose days…")
    page.get_by_label("From").fill(f"{_TODAY - timedelta(days=3)}")
    page.get_by_label("To", exact=True).fill(f"{_TODAY - timedelta(days=2)}")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("#period")).to_have_text(f"{_TODAY - timedelta(days=3)} – {_TODAY - timedelta(days=2)}")

    keys = {
        "d": "Today",
        "y": "Yesterday",
        "w": "Last 7 days",
        "m": "Last 30 days",
        "q": "Last 90 days",
        "a": "All time",
    }
    for key, name in keys.items():
        page.keyboard.press(key)
        expect(page.locator("#period")).to_have_text(name)
    page.keyboard.press("c")
    expect(page.locator("#compare")).to_have_text("No comparison")
    page.keyboard.press("c")
    expect(page.locator("#compare")).to_have_text("vs period before")
    page.keyboard.press("?")
    expect(page.locator("dialog")).to_contain_text("Remove all filters")
    # What is typed somewhere is no shortcut.
    page.keyboard.press("Escape")
    page.click("text=+ Filter")
    page.get_by_label("Value").press("s")
    page.keyboard.press("Escape")
    expect(page.locator("#period")).to_be_visible()
    page.keyboard.press("s")
    expect(page.locator("h1")).to_have_text("Websites")


def test_segments_are_kept_met_renamed_and_deleted(opened: tuple[Page, str], shared_pipeline: Pipeline) -> None:
    site = fill(shared_pipeline)
    page, origin = opened
    visitors = page.locator(".main .figure").first
    segments = page.get_by_role("button", name="Segments", exact=True)
    page.goto(f"{origin}/#/site/{site}?period=24h")
    settle(page)
    expect(segments).to_have_count(0)
    page.click("section[aria-label=Pages] button.name:has-text('/pricing')")
    segments.click()
    page.click("text=Save these filters…")
    page.get_by_label("Name").fill(HOSTILE)
    page.get_by_role("button", name="Save").click()

    # The segment stands for the filters from now on, in the address too, and adds to others.
    expect(page.locator(".chip").first).to_have_text(f"Segment {HOSTILE} ×")
    expect(page.locator(".chip:not(.add)")).to_have_count(1)
    expect(visitors).to_have_text("1")
    page.reload()
    expect(visitors).to_have_text("1")
    page.locator(".chip").first.click()
    expect(visitors).to_have_text("3")
    segments.click()
    page.get_by_role("menuitemradio", name=HOSTILE).click()
    expect(visitors).to_have_text("1")
    (kept,) = shared_pipeline.read(f"websites/{site}/segments").body["data"]
    assert (kept["name"], kept["filters"]) == (HOSTILE, [["is", "page", ["/pricing"]]])
    assert f"segment={kept['id']}" in page.url

    segments.click()
    page.click("text=Change segments…")
    page.get_by_role("button", name="Rename").click()
    page.get_by_role("textbox", name="Name").fill("Price")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("dialog li")).to_contain_text("Price Page is /pricing")
    page.get_by_role("button", name="Delete Price").click()
    page.get_by_role("button", name="Delete segment").click()
    expect(page.locator("dialog li")).to_have_text("None")
    page.keyboard.press("Escape")
    expect(visitors).to_have_text("3")
    assert "segment" not in page.url
    assert shared_pipeline.read(f"websites/{site}/segments").body["data"] == []


def test_every_table_is_a_file(opened: tuple[Page, str], site: str, shared_pipeline: Pipeline) -> None:
    page, origin = opened
    page.goto(f"{origin}/#/site/{site}?period=24h")
    settle(page)
    files: dict[str, list[list[str]]] = {}

    def take(within: str = "main") -> None:
        for button in page.locator(within).get_by_role("button", name="CSV of").all():
            with page.expect_download() as download:
                button.click()
            files[download.value.suggested_filename.removeprefix(f"{site} ")] = _rows(download.value.path())

    take()
    for card in ("Sources", "Pages", "Places", "Devices", "Events"):
        section = page.locator(f"section[aria-label={card}]")
        for tab in section.locator("header .tabs button").all() or [None]:
            if tab is not None:
                tab.click()
                settle(page)
            details = section.get_by_role("button", name="Details")
            if details.is_hidden():
                expect(section).to_contain_text("Nothing in this period.")
                continue
            details.click()
            expect(page.locator("dialog tbody tr").first).to_be_visible()
            take("dialog")
            page.keyboard.press("Escape")
    page.locator("[aria-label='Properties of signup']").click()
    expect(page.locator("dialog h3")).to_have_text("plan")
    take("dialog")
    page.goto(f"{origin}/#/site/{site}/settings")
    settle(page)
    take()

    assert sorted(files) == sorted(f"{name}.csv" for name in _TABLES)
    assert [name for name, rows in files.items() if len(rows) < 2 or len({len(row) for row in rows}) > 1] == []
    # No cell is one that a spreadsheet would compute, and those that would be are still told.
    computed = [cell for rows in files.values() for row in rows for cell in row if cell[:1] in set("=+-@\t\r")]
    assert computed == []
    told = {name for name, rows in files.items() if any(f"'{FORMULA}" in row for row in rows)}
    assert told >= {"events.csv", "goals.csv", "funnels.csv", "latest events.csv"}
    for name, (path, key) in _LISTS.items():
        rows = shared_pipeline.read(f"analytics/{path.format(site)}", query="period=24h").body["data"]
        # Their order is the page's own.
        assert {(row[0].lstrip("'"), row[1]) for row in files[f"{name}.csv"][1:]} == {
            (str(row[key] or "(not set)"), str(row["unique_visitors"])) for row in rows
        }, name
    pages = shared_pipeline.read(f"analytics/{site}/top-pages", query="period=24h").body["data"]
    assert [row[:3] for row in files["pages.csv"][1:]] == [
        [row["page"], str(row["unique"]), str(row["views"])] for row in pages
    ]


_LISTS = {
    "sources": ("dashboard/{}/sources", "source"),
    "channels": ("{}/channels", "channel"),
    "countries": ("{}/top-countries", "country"),
    "regions": ("geo/{}/regions", "region"),
    "cities": ("geo/{}/cities", "city"),
    "browsers": ("{}/top-browsers", "browser"),
    "systems": ("{}/top-os", "os"),
    "devices": ("{}/top-devices", "device"),
}
_TABLES = (
    "over time", "goals", "funnels", "web vitals", "journeys", "retention", "latest events", "sources", "channels",
    "referrers", "campaign", "pages", "entry", "exit", "map", "countries", "regions", "cities", "browsers",
    "systems", "devices", "events", "signup plan", "ingest report",
)  # fmt: skip


def _rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))
