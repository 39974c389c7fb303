"""The dashboard page in a real browser: it shows what the API answers, to everybody, and nothing runs in it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.shown_site import DIALOGS, HOSTILE, Look, fill, is_too_wide, looking, open_dialog, settle
from tests.flow.pipeline import Pipeline

# As they travel (LIBRARIES section 5).
MOST_BYTES = 100_000
_LOADED = """() => Object.fromEntries(["navigation", "resource"]
  .flatMap((kind) => performance.getEntriesByType(kind))
  .filter((entry) => !entry.name.endsWith("/live"))
  .map((entry) => [entry.name, entry.encodedBodySize]))"""


@pytest.fixture(scope="module")
def site(shared_pipeline: Pipeline) -> str:
    """Nothing here changes it."""
    return fill(shared_pipeline)


@pytest.fixture(params=[Look(1440, "light"), Look(390, "dark")], ids=["desktop", "phone"])
def opened_page(
    browser: Browser, shared_pipeline: Pipeline, request: pytest.FixtureRequest
) -> Iterator[tuple[Page, str]]:
    yield from looking(browser, shared_pipeline, request.param)


@pytest.fixture
def owner(browser: Browser, shared_pipeline: Pipeline) -> Iterator[tuple[Page, str]]:
    yield from looking(browser, shared_pipeline, Look())


def test_page_shows_what_the_api_answers(opened_page: tuple[Page, str], shared_pipeline: Pipeline, site: str) -> None:
    page, origin = opened_page
    page.goto(f"{origin}/#/site/{site}?period=24h")

    figures = page.locator(".main .tile-button .figure")
    expect(figures.first).to_have_text("3")
    told = shared_pipeline.read(f"analytics/dashboard/{site}", query="period=24h").body["metrics"]
    assert [told[name] for name in ("unique_visitors", "sessions", "page_views")] == [3, 3, 4]
    assert [figures.nth(index).text_content() for index in range(3)] == ["3", "3", "4"]
    expect(page.locator(".chart-box .chart")).to_be_visible()
    expect(page.locator(".chart .note")).to_have_count(1)
    expect(page.locator("section[aria-label=Pages] li")).to_have_count(3)
    expect(page.locator("section[aria-label='Web vitals']")).to_contain_text("900 ms")
    expect(page.locator("section[aria-label=Events]")).to_contain_text("19.90 EUR")
    expect(page.locator("section[aria-label=Goals] tr", has_text="<img").locator("td").nth(1)).to_have_text("1")
    expect(page.locator(".funnel .step")).to_have_count(2)
    assert not is_too_wide(page)
    # All that a first visit loads, answers too. What is foreign would be complained of.
    settle(page)
    sizes: dict[str, int] = page.evaluate(_LOADED)
    assert min(sizes.values()) > 0
    assert sum(sizes.values()) < MOST_BYTES, sizes


def test_address_holds_what_is_shown(opened_page: tuple[Page, str], site: str) -> None:
    page, origin = opened_page
    visitors = page.locator(".main .tile-button .figure").first
    page.goto(f"{origin}/#/site/{site}?period=24h")
    expect(visitors).to_have_text("3")
    page.click("section[aria-label=Pages] button.name:has-text('/pricing')")
    expect(visitors).to_have_text("1")
    page.click("text=Page views")
    expect(page.locator("[aria-pressed=true]", has_text="Page views")).to_be_visible()
    shown = page.url

    page.go_back()
    page.go_back()
    expect(visitors).to_have_text("3")
    page.go_forward()
    expect(visitors).to_have_text("1")
    page.go_forward()
    assert page.url == shown
    page.reload()

    expect(visitors).to_have_text("1")
    expect(page.locator("[aria-pressed=true]", has_text="Page views")).to_be_visible()
    page.click(".chip >> nth=0")
    expect(visitors).to_have_text("3")
    # Alt leaves out what is clicked; the dialog adds a third way, and `x` takes all filters away.
    page.click("section[aria-label=Pages] button.name:has-text('/pricing')", modifiers=["Alt"])
    expect(page.locator(".chip").first).to_contain_text("is not /pricing")
    page.click("text=+ Filter")
    page.get_by_label("What").select_option("source")
    page.get_by_label("Value").fill("Google")
    page.get_by_role("button", name="Add").click()
    expect(visitors).to_have_text("1")
    page.keyboard.press("x")
    expect(visitors).to_have_text("3")
    page.keyboard.press("d")
    expect(page.locator("#period")).to_have_text("Today")


def test_texts_of_visitors_stay_texts(opened_page: tuple[Page, str], site: str) -> None:
    page, origin = opened_page
    page.goto(f"{origin}/#/")
    expect(page.locator(".site h2", has_text=HOSTILE[:20]).first).to_be_visible()
    page.goto(f"{origin}/#/site/{site}?period=24h")
    settle(page)
    for tab in ("Referrers", "UTM", "Channels", "Entry", "Exit", "Countries", "Cities", "Systems"):
        page.locator(".tabs").get_by_role("button", name=tab, exact=True).click()
        settle(page)
    for opens in DIALOGS:
        open_dialog(page, opens)
        if opens == ".live":
            expect(page.locator("dialog")).to_contain_text(f"/{HOSTILE}")
        page.keyboard.press("Escape")
    page.goto(f"{origin}/#/site/{site}/settings")
    expect(page.locator("section[aria-label=Annotations] li")).to_contain_text(HOSTILE)

    assert page.evaluate("document.title") == f"{site} – Analytics"
    assert page.locator("img, #app script, dialog script").count() == 0


def test_details_are_searched_paged_and_sorted(opened_page: tuple[Page, str], site: str) -> None:
    page, origin = opened_page
    page.goto(f"{origin}/#/site/{site}?period=24h")
    page.click("text=Details >> nth=1")
    box = page.locator("dialog")
    expect(box.locator("tbody tr")).to_have_count(3)
    # However long a name is, its number stands beside it.
    expect(box.locator("tbody td.number").first).to_be_in_viewport(ratio=1)
    box.get_by_role("button", name="Views").click()
    expect(box.locator("th[aria-sort=descending]")).to_contain_text("Views")
    box.locator("input[type=search]").fill("pric")
    expect(box.locator("tbody tr")).to_have_count(1)


def test_long_lists_are_paged(owner: tuple[Page, str], shared_pipeline: Pipeline) -> None:
    website_id = "long-list"
    shared_pipeline.call("POST", "websites", {"id": website_id})
    events = [{"website_id": website_id, "visitor_id": "a", "page": f"/{number:03}"} for number in range(120)]
    assert shared_pipeline.send(events).body["accepted"] == 120
    shared_pipeline.wait_consumed()
    page, origin = owner
    page.goto(f"{origin}/#/site/{website_id}?period=24h")
    page.get_by_role("button", name="Details of Pages").click()
    box = page.locator("dialog")
    expect(box.locator("tbody tr")).to_have_count(50)
    expect(box.get_by_role("status")).to_have_text("1–50 of 120")
    expect(box.get_by_role("button", name="Back")).to_be_disabled()
    first = box.locator("tbody td").first.text_content()

    box.get_by_role("button", name="Next").click()
    expect(box.get_by_role("status")).to_have_text("51–100 of 120")
    box.get_by_role("button", name="Next").click()
    expect(box.get_by_role("status")).to_have_text("101–120 of 120")
    expect(box.locator("tbody tr")).to_have_count(20)
    expect(box.get_by_role("button", name="Next")).to_be_disabled()
    assert box.locator("tbody td").first.text_content() != first


def test_lists_begin_with_the_most_of_what_they_show(owner: tuple[Page, str], shared_pipeline: Pipeline) -> None:
    shared_pipeline.call("POST", "websites", {"id": "ordered"})
    visits = [("a", "/seen-often"), ("a", "/seen-often"), ("a", "/seen-often"), ("b", "/by-many"), ("c", "/by-many")]
    answer = shared_pipeline.send([{"website_id": "ordered", "visitor_id": who, "page": page} for who, page in visits])
    assert answer.body["accepted"] == len(visits), answer.body
    shared_pipeline.wait_consumed()

    page, origin = owner
    page.goto(f"{origin}/#/site/ordered?period=24h")
    # Nothing was there before, and so no rate either.
    expect(page.locator(".tile-button", has_text="Bounce rate").locator(".moved")).to_have_text("new")
    card = page.locator("section[aria-label=Pages]")
    card.get_by_role("button", name="Pages", exact=True).click()
    expect(card.locator("li .name")).to_have_text(["/by-many", "/seen-often"])
    card.get_by_role("button", name="Details").click()
    details = page.locator("dialog")
    expect(details.locator("tbody .name")).to_have_text(["/by-many", "/seen-often"])
    expect(details.locator("th[aria-sort=descending]")).to_contain_text("Visitors")
    details.get_by_role("button", name="Views").click()
    expect(details.locator("tbody .name")).to_have_text(["/seen-often", "/by-many"])
