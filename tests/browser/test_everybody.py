"""The dashboard page for everybody: nothing that axe-core calls serious, in any theme or width, and keys do it all."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.shown_site import DIALOGS, Look, fill, looking, open_dialog, serious_barriers, settle
from tests.flow.pipeline import Pipeline


@pytest.fixture(scope="module")
def site(shared_pipeline: Pipeline) -> str:
    """Nothing here changes it."""
    website_id = fill(shared_pipeline)
    kept = {"name": "Readers of the price", "filters": [["is", "page", ["/pricing"]]]}
    shared_pipeline.call("POST", f"websites/{website_id}/segments", kept)
    shared_pipeline.call("POST", f"websites/{website_id}/keys", {"name": "shop", "scopes": ["ingest"]})
    return website_id


@pytest.fixture(scope="module")
def opened(browser: Browser, shared_pipeline: Pipeline) -> Iterator[tuple[Page, str]]:
    """One page for all of them: each goes where it wants to be."""
    yield from looking(browser, shared_pipeline, Look())


@pytest.mark.parametrize("view", ["", "/site/{}/settings"], ids=["sites", "settings"])
def test_page_is_for_everybody(opened: tuple[Page, str], site: str, view: str) -> None:
    page, origin = opened
    page.goto(f"{origin}/#{view.format(site)}")
    settle(page)

    assert serious_barriers(page) == {}


def test_numbers_and_dialogs_are_for_everybody(opened: tuple[Page, str], site: str) -> None:
    page, origin = opened
    page.goto(f"{origin}/#/site/{site}?period=24h&filters=%5B%5B%22is%22%2C%22page%22%2C%5B%22%2F%22%5D%5D%5D")
    settle(page)

    found = {"": serious_barriers(page)}
    # A browser paints what is in its window, over and over.
    page.set_viewport_size({"width": 1440, "height": 900})
    for opens in (*DIALOGS, ".kept button, text=Save these", ".kept button, text=Change segments"):
        open_dialog(page, opens)
        found[opens] = serious_barriers(page, "dialog[open]")
        page.keyboard.press("Escape")
    page.locator("#period").click()
    found["menu"] = serious_barriers(page, ".menu")
    page.keyboard.press("Escape")

    assert {opens: barriers for opens, barriers in found.items() if barriers} == {}


def test_keys_alone_do_it_all(opened: tuple[Page, str], site: str) -> None:
    page, origin = opened
    page.goto(f"{origin}/#/site/{site}?period=24h&interval=day")
    page.reload()
    settle(page)
    visitors = page.locator(".main .figure").first
    # The first key leads past what is the same on every page.
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to the numbers")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.closest('main') !== null")

    # A menu opens, is walked through, and is left where it was entered.
    page.locator("#period").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    expect(page.locator(":focus")).to_have_text("Yesterday")
    page.keyboard.press("Escape")
    expect(page.locator("#period")).to_be_focused()

    # A row filters, and whoever pressed it stays among the controls.
    page.locator("section[aria-label=Pages] button.name", has_text="/pricing").press("Enter")
    expect(visitors).to_have_text("1")
    expect(page.locator(".chip").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(visitors).to_have_text("3")
    assert page.evaluate("document.activeElement !== document.body")
    page.get_by_role("button", name="Weeks").press("Enter")
    expect(page.get_by_role("button", name="Weeks")).to_be_focused()
    expect(page.get_by_role("button", name="Weeks")).to_have_attribute("aria-pressed", "true")

    # A dialog gives the focus back.
    page.locator("text=+ Filter").press("Enter")
    expect(page.get_by_label("What")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("text=+ Filter")).to_be_focused()

    # The graph is read step by step, and a day of it opened.
    page.get_by_role("button", name="Days").press("Enter")
    settle(page)
    page.locator("svg.chart").focus()
    page.keyboard.press("End")
    expect(page.locator(".tip")).to_contain_text("Visitors")
    page.keyboard.press("Enter")
    expect(page.locator("#period")).to_contain_text(" – ")


def test_theme_is_the_readers_own(opened: tuple[Page, str], site: str) -> None:
    page, origin = opened
    page.emulate_media(color_scheme="light")
    page.goto(f"{origin}/#/site/{site}?period=24h")
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    for theme, is_light in (("Dark", False), ("Light", True), ("Like the system", True)):
        page.get_by_role("button", name="Menu").click()
        page.get_by_role("menuitemradio", name=theme).click()
        page.reload()
        expect(page.get_by_role("button", name="Menu")).to_be_visible()
        assert (page.evaluate(paper) == light) is is_light, theme


def test_graph_is_a_table_too(opened: tuple[Page, str], site: str, shared_pipeline: Pipeline) -> None:
    page, origin = opened
    page.goto(f"{origin}/#/site/{site}?period=7d&compare=none")
    settle(page)

    table = page.get_by_role("table", name="Visitors over time")
    told = shared_pipeline.read(f"analytics/timeseries/{site}", query="period=7d&metrics=unique_visitors").body["data"]
    assert table.locator("tbody td").all_text_contents() == [str(item["unique_visitors"]) for item in told]
    expect(table.locator("tbody th")).to_have_count(7)


def test_paper_shows_all_of_it_and_no_controls(opened: tuple[Page, str], site: str) -> None:
    page, origin = opened
    page.set_viewport_size({"width": 1000, "height": 600})
    page.emulate_media(color_scheme="dark")
    page.goto(f"{origin}/#/site/{site}?period=24h")
    settle(page)
    expect(page.locator("section[aria-label=Retention] td")).to_have_count(0)
    page.evaluate("window.print = () => { window.isPrinted = true }")
    page.get_by_role("button", name="More").click()
    page.click("text=Print…")
    page.wait_for_function("window.isPrinted")
    expect(page.locator("section[aria-label=Retention] td").first).to_be_attached()
    page.emulate_media(media="print", color_scheme="dark")

    # Dark ink on white paper.
    colours = page.evaluate("(({backgroundColor, color}) => [backgroundColor, color])(getComputedStyle(document.body))")
    assert colours == ["rgb(255, 255, 255)", "rgb(0, 0, 0)"]
    for control in ("text=+ Filter", ".bar-top", "text=New goal", ".live", ".kept"):
        expect(page.locator(control).first).to_be_hidden()
    expect(page.locator("svg.chart")).to_be_visible()
