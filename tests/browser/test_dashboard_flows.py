"""What people do with the dashboard page: add a website, share it, look at it from all sides."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.chromium import Complaints, opened
from tests.browser.shown_site import HOSTILE, Look, fill, looking, serious_barriers, settle
from tests.flow.pipeline import Pipeline

_PASSWORD = "correct horse battery"


@pytest.fixture
def owner(browser: Browser, shared_pipeline: Pipeline) -> Iterator[tuple[Page, str]]:
    """A page of whoever has an owner's token."""
    yield from looking(browser, shared_pipeline, Look())


def test_new_website_shows_its_snippet_and_turns_live(owner: tuple[Page, str], shared_pipeline: Pipeline) -> None:
    page, origin = owner
    page.goto(origin)
    page.click("text=Add website")
    page.get_by_label("Id").fill("fresh.example")
    with page.expect_response("**/live") as live:
        page.get_by_role("button", name="Add", exact=True).click()
    assert live.value.status == 200
    snippet = page.locator(".welcome .snippet code")
    # The tracker counts nothing on this machine without `data-dev`.
    expect(snippet).to_have_text(
        f'<script defer src="{origin}/script.js" data-website-id="fresh.example" data-dev></script>'
    )
    assert serious_barriers(page) == {}

    page.locator(".live").click()
    live_dialog = page.locator("dialog")
    expect(live_dialog.locator(".figure").first).to_have_text("0")
    shared_pipeline.send({"website_id": "fresh.example", "event_type": "pageview", "page": "/"}, path="event")
    expect(page.locator(".main .figure").first).to_have_text("1", timeout=30_000)
    expect(page.locator(".welcome")).to_have_count(0)
    expect(live_dialog.locator(".figure")).to_have_text(["1", "1", "1", "1"], timeout=30_000)
    expect(live_dialog.locator("li .name").first).to_have_text("/")
    page.keyboard.press("Escape")

    page.click("text=Settings")
    page.get_by_label("Name", exact=True).first.fill("Fresh")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".toast")).to_have_text("Saved")
    assert shared_pipeline.read("websites/fresh.example").body["name"] == "Fresh"
    page.locator("section[aria-label='API keys'] input").fill("shop")
    page.click("text=Make a key")
    expect(page.locator("section[aria-label='API keys'] code")).to_be_visible()
    page.click("text=Delete this website")
    page.get_by_label("Type fresh.example").fill("other")
    page.locator("dialog .danger").click()
    expect(page.locator(".toast", has_text="That is not its id")).to_be_visible()
    page.get_by_label("Type fresh.example").fill("fresh.example")
    page.locator("dialog .danger").click()
    expect(page.locator("h1")).to_have_text("Websites")
    assert shared_pipeline.read("websites/fresh.example").status == 404


def test_what_is_public_is_read_without_signing_in(browser: Browser, shared_pipeline: Pipeline) -> None:
    site = fill(shared_pipeline)
    shared_pipeline.call("PUT", f"websites/{site}", {"name": "Open to all", "is_public": True})
    complaints = Complaints((origin := f"http://127.0.0.1:{shared_pipeline.query_port}",))
    with opened(browser, complaints, viewport={"width": 390, "height": 5000}) as context:
        page = context.new_page()
        page.goto(f"{origin}/#/site/{site}?period=24h")
        expect(page.locator(".main .figure").first).to_have_text("3")
        settle(page)
        for absent in ("Settings", "New goal", "Latest events", "Funnels", "Share…", "Sign out", "Segments"):
            expect(page.get_by_text(absent, exact=True)).to_have_count(0)
        page.click("section[aria-label=Pages] button.name:has-text('/pricing')")
        expect(page.locator(".main .figure").first).to_have_text("1")
        expect(page.locator(".live b")).not_to_have_text("–")
        page.get_by_role("button", name="Details of Pages").click()
        expect(page.locator("dialog tbody tr")).to_have_count(1)
        page.keyboard.press("Escape")
        assert serious_barriers(page) == {}
        # Nothing that needs somebody was asked for.
        assert complaints.found == []

        # What is not public asks who comes, as it does where that is chosen.
        page.get_by_role("button", name="Menu").click()
        page.click("text=Sign in")
        expect(page.locator("h1")).to_have_text("Sign in")
        page.goto(f"{origin}/#/site/{fill(shared_pipeline)}")
        expect(page.locator("h1")).to_have_text("Sign in")
        page.goto(f"{origin}/#/site/{site}?period=24h")
        expect(page.locator(".main .figure").first).to_have_text("3")
    assert {found for found in complaints.found if "401" not in found} == set()


def test_live_view_listens_only_while_it_is_seen(owner: tuple[Page, str], shared_pipeline: Pipeline) -> None:
    page, origin = owner
    # Before anything waits by the clock of the machine.
    page.clock.install()
    page.add_init_script("Object.defineProperty(document, 'hidden', { get: () => window.isHidden || false })")
    turn = "hidden => { window.isHidden = hidden; document.dispatchEvent(new Event('visibilitychange')) }"
    shared_pipeline.call("POST", "websites", {"id": "watched"})
    with page.expect_request("**/live") as listening:
        page.goto(f"{origin}/#/site/watched")
    here = page.locator(".live b")
    expect(here).to_have_text("0")
    expect(page.locator(".welcome")).to_be_visible()

    # A tab that nobody sees gives its connection back, and asks for nothing.
    with page.expect_event("requestfailed", lambda request: request == listening.value):
        page.evaluate(turn, True)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    shared_pipeline.send({"website_id": "watched", "page": "/"}, path="event")
    shared_pipeline.wait_consumed()
    page.clock.run_for(60_000)
    expect(here).to_have_text("0")
    assert asked == []

    # Seen again, it knows at once.
    page.evaluate(turn, False)
    page.clock.run_for(6_000)
    expect(here).to_have_text("1")


def test_address_of_nothing_says_so(browser: Browser, shared_pipeline: Pipeline) -> None:
    complaints = Complaints((origin := f"http://127.0.0.1:{shared_pipeline.query_port}",))
    with opened(browser, complaints) as context:
        page = context.new_page()
        page.add_init_script(f"sessionStorage.setItem('analytics.token', {shared_pipeline.token()!r})")
        for address in ("#/site/none-of-this-id", "#/site/%E0%A4%A"):
            page.goto(f"{origin}/{address}")
            expect(page.locator("main > [role=alert]")).to_contain_text("There is no website ")
        # Filters that are none are not left out, which would show more than was asked for.
        page.goto(f"{origin}/#/site/{fill(shared_pipeline)}?filters=nonsense")
        expect(page.locator(".tiles").get_by_role("alert")).to_contain_text("filters")
        page.locator(".chip").first.click()
        expect(page.locator(".main .figure").first).to_have_text("3")
    # What is not there is told by a refusal, which browsers note.
    assert [found for found in complaints.found if "404" not in found and "400" not in found] == []


def test_funnels_and_goals_are_made_changed_and_deleted(owner: tuple[Page, str], shared_pipeline: Pipeline) -> None:
    site = fill(shared_pipeline)
    page, origin = owner
    page.goto(f"{origin}/#/site/{site}?period=24h")
    settle(page)
    page.click("text=New funnel")
    page.get_by_label("Name").fill("To the price")
    page.get_by_label("Page or event").nth(0).fill("/")
    page.get_by_label("Page or event").nth(1).fill("/pricing")
    page.get_by_role("button", name="Create").click()
    head = page.locator(".funnel-head", has_text="To the price")
    expect(head).to_be_visible()
    head.get_by_role("button", name="Edit").click()
    page.click("text=+ Step")
    page.get_by_label("Kind").nth(2).select_option("event")
    page.get_by_label("Page or event").nth(2).fill("signup")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".funnel", has_text="signup").locator(".step")).to_have_count(3)
    expect(page.locator(".funnel", has_text="signup").locator(".step b")).to_have_text(["2", "1", "1"])
    lost = page.locator(".funnel", has_text="signup").locator("small")
    expect(lost).to_have_text(["of 3 visitors", "−1 (50.0 %) · 1 m 00 s", "−0 (0 %) · 1 m 00 s"])
    page.locator(".funnel-head", has_text="To the price").get_by_role("button", name="Delete").click()
    page.locator("dialog .danger").click()
    expect(page.locator(".funnel-head")).to_have_count(1)

    page.click("text=New goal")
    page.get_by_label("Name").fill("Price seen")
    page.get_by_label("Which").fill("/pricing")
    page.get_by_role("button", name="Create").click()
    row = page.locator("section[aria-label=Goals] tr", has_text="Price seen")
    expect(row.locator("td").nth(1)).to_have_text("1")
    page.get_by_label("Delete the goal Price seen").click()
    page.locator("dialog .danger").click()
    expect(page.locator("section[aria-label=Goals] tbody tr")).to_have_count(2)


def test_shared_link_shows_only_what_it_may(
    browser: Browser, owner: tuple[Page, str], shared_pipeline: Pipeline
) -> None:
    site = fill(shared_pipeline)
    page, origin = owner
    page.goto(f"{origin}/#/site/{site}?period=24h")
    page.click("section[aria-label=Pages] button.name:has-text('/pricing')")
    expect(page.locator(".chip").first).to_contain_text("/pricing")
    page.click("[aria-label=More]")
    page.click("text=Share…")
    page.get_by_label("Only what the filters above leave").check()
    page.get_by_role("button", name="Make a link").click()
    link = page.locator("dialog .notice code").text_content() or ""
    page.get_by_label("Password, if any").fill(_PASSWORD)
    page.locator("dialog").get_by_label("Name").fill(HOSTILE)
    page.get_by_role("button", name="Make a link").click()
    expect(page.locator("dialog li")).to_have_count(2)
    expect(page.locator("dialog li", has_text=HOSTILE)).to_contain_text("with password")
    locked = page.locator("dialog .notice code").text_content() or ""

    for visitor, _ in looking(browser, shared_pipeline, Look(390, "dark", is_owner=False)):
        visitor.goto(link)
        expect(visitor.locator(".main .figure").first).to_have_text("1")
        settle(visitor)
        expect(visitor.locator(".chip").first).to_have_text("Page is /pricing")
        # It is no button, and no address leads around it.
        expect(visitor.locator("button.chip:not(.add)")).to_have_count(0)
        visitor.goto(f"{link}#/site/{site}?period=24h&filters=%5B%5D")
        settle(visitor)
        expect(visitor.locator(".main .figure").first).to_have_text("1")
        expect(visitor.locator(".funnel .step")).to_have_count(2)
        for absent in ("Settings", "New goal", "New funnel", "Latest events", "Segments", "Share…", "Sign out"):
            expect(visitor.get_by_text(absent, exact=True)).to_have_count(0)
        visitor.goto(f"{origin}/share/{link.rpartition('/')[2]}#/site/another/settings")
        expect(visitor.locator("h1")).to_have_text(site)
        settle(visitor)
        assert serious_barriers(visitor) == {}
    complaints = Complaints((origin,))
    with opened(browser, complaints) as context:
        visitor = context.new_page()
        visitor.goto(locked)
        visitor.get_by_label("Password").fill(_PASSWORD)
        visitor.get_by_role("button", name="Open").click()
        expect(visitor.locator(".main .figure").first).to_have_text("1")
    # That a password is needed is told by a refusal, which browsers note.
    assert [found for found in complaints.found if "401" not in found] == []
