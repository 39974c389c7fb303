"""The dashboard page in a real browser: it shows what the API answers, to everybody, and nothing runs in it."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # pyright: ignore[reportMissingTypeStubs] -- it has none
from playwright.sync_api import Browser, Page, expect

from shared.clock import utc_now
from tests.browser.chromium import Complaints, opened
from tests.flow.pipeline import Pipeline

_NUMBERS = count()
_HOSTILE = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"


@pytest.fixture
def site(shared_pipeline: Pipeline) -> str:
    """A website with three visits of the last two hours, one of them hostile in every text."""
    website_id = f"shown-{next(_NUMBERS)}"
    shared_pipeline.call("POST", "websites", {"id": website_id, "name": f"{website_id} {_HOSTILE}"[:190]})
    then = utc_now() - timedelta(hours=1)

    def event(visitor: str, minute: int, **more: object) -> dict[str, object]:
        at = (then + timedelta(minutes=minute)).isoformat()
        return {"website_id": website_id, "visitor_id": visitor, "timestamp": at, "page": "/", **more}

    events = [
        event("a", 0, referrer="https://www.google.com/"),
        event("a", 1, page="/pricing"),
        event("a", 2, event_type="signup", properties={"plan": "pro"}, revenue={"amount": "19.90", "currency": "EUR"}),
        event("a", 3, event_type="performance", performance={"lcp": 900, "cls": 0.01}),
        event("b", 5),
        event("c", 6, page=f"/{_HOSTILE}", title=_HOSTILE, referrer=f"https://evil.example/{_HOSTILE}"),
        event("c", 7, event_type=_HOSTILE[:100], properties={_HOSTILE[:100]: _HOSTILE}, utm_source=_HOSTILE),
    ]
    answer = shared_pipeline.send(events)
    assert (answer.status, answer.body["accepted"]) == (202, len(events))
    shared_pipeline.call("POST", f"websites/{website_id}/goals", {"name": _HOSTILE, "event_type": "signup"})
    steps = [{"page": "/", "name": _HOSTILE, "order": 1}, {"page": "/pricing", "order": 2}]
    shared_pipeline.call("POST", "funnels", {"website_id": website_id, "name": _HOSTILE, "steps": steps})
    shared_pipeline.wait_consumed()
    return website_id


def _open(browser: Browser, pipeline: Pipeline, width: int, scheme: str) -> Iterator[tuple[Page, str]]:
    origin = f"http://127.0.0.1:{pipeline.query_port}"
    complaints = Complaints((origin,))
    look: dict[str, Any] = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}
    with opened(browser, complaints, **look) as context:
        page = context.new_page()
        page.add_init_script(f"sessionStorage.setItem('analytics.token', {pipeline.token()!r})")
        yield page, origin
    assert complaints.found == []


@pytest.fixture(params=[(1440, "light"), (390, "dark")], ids=["desktop", "phone"])
def opened_page(
    browser: Browser, shared_pipeline: Pipeline, request: pytest.FixtureRequest
) -> Iterator[tuple[Page, str]]:
    yield from _open(browser, shared_pipeline, *request.param)


def test_page_shows_what_the_api_answers(opened_page: tuple[Page, str], shared_pipeline: Pipeline, site: str) -> None:
    page, origin = opened_page
    page.goto(f"{origin}/#/site/{site}?period=24h")

    figures = page.locator(".main .tile-button .figure")
    expect(figures.first).to_have_text("3")
    told = shared_pipeline.read(f"analytics/dashboard/{site}", query="period=24h").body["metrics"]
    assert [told[name] for name in ("unique_visitors", "sessions", "page_views")] == [3, 3, 4]
    assert [figures.nth(index).text_content() for index in range(3)] == ["3", "3", "4"]
    expect(page.locator(".chart-box .chart")).to_be_visible()
    expect(page.locator("section[aria-label=Pages] li")).to_have_count(3)
    expect(page.locator("section[aria-label='Web vitals']")).to_contain_text("900 ms")
    expect(page.locator("section[aria-label=Events]")).to_contain_text("19.90 EUR")
    expect(page.locator(".funnel .step")).to_have_count(2)
    # A click on a row narrows everything to it; the address holds it, and back undoes it.
    page.click("section[aria-label=Pages] button.name:has-text('/pricing')")
    expect(figures.first).to_have_text("1")
    assert "filters=" in page.url
    page.go_back()
    expect(figures.first).to_have_text("3")
    assert page.evaluate("document.title") == f"{site} – Analytics"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("view", ["", "/site/{}?period=24h", "/site/{}/settings"], ids=["sites", "site", "settings"])
def test_page_is_for_everybody(opened_page: tuple[Page, str], site: str, view: str) -> None:
    page, origin = opened_page
    page.goto(f"{origin}/#{view.format(site)}")
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator("[aria-busy=true]")).to_have_count(0)

    told: Any = Axe().run(page).response  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] -- axe has no types
    serious = [
        (rule["id"], rule["nodes"][0]["html"], rule["nodes"][0]["failureSummary"])
        for rule in told["violations"]
        if rule["impact"] in {"serious", "critical"}
    ]

    assert serious == []


def test_details_are_searched_paged_and_sorted(opened_page: tuple[Page, str], site: str) -> None:
    page, origin = opened_page
    page.goto(f"{origin}/#/site/{site}?period=24h")
    page.click("section[aria-label=Pages] >> text=Details")
    box = page.locator("dialog")
    expect(box.locator("tbody tr")).to_have_count(3)
    box.locator("input[type=search]").fill("pric")
    expect(box.locator("tbody tr")).to_have_count(1)
    with page.expect_download() as download:
        box.locator("text=CSV").click()

    assert download.value.path().read_text("utf-8").splitlines()[1].startswith("/pricing,1,1,")


def test_whoever_has_no_token_signs_in(browser: Browser, shared_pipeline: Pipeline) -> None:
    origin = f"http://127.0.0.1:{shared_pipeline.query_port}"
    complaints = Complaints((origin,))
    with opened(browser, complaints) as context:
        page = context.new_page()
        page.goto(origin)

        expect(page.locator("h1")).to_have_text("Sign in")
        page.click("summary")
        page.get_by_label("Token").fill(shared_pipeline.token())
        page.get_by_role("button", name="Open").click()
        expect(page.locator("h1")).to_have_text("Websites")
    assert complaints.found == []
