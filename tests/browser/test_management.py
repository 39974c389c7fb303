"""What an owner sets of a website in the page is what the API answers, and what is refused is told."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.chromium import Complaints, opened
from tests.browser.shown_site import HOSTILE, Look, fill, looking, serious_barriers, settle
from tests.flow.pipeline import Pipeline, wait_until

_PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def owner(browser: Browser, shared_pipeline: Pipeline) -> Iterator[tuple[Page, str]]:
    """One page of whoever has an owner's token, for all of them: each goes where it wants to be."""
    yield from looking(browser, shared_pipeline, Look())


def test_every_setting_is_what_the_api_answers(owner: tuple[Page, str], shared_pipeline: Pipeline) -> None:
    page, origin = owner
    shared_pipeline.call("POST", "websites", {"id": "managed", "domains": ["old.example"], "gpc": "drop"})
    page.goto(f"{origin}/#/site/managed/settings")
    form = page.locator("section[aria-label=Website]")
    texts = {
        "Name": "A shop",
        "Time zone": "Asia/Kathmandu",
        "Domains": "shop.example, www.shop.example",
        "Keep single events for days": "30",
        "Networks not to count": "203.0.113.0/24\n2001:db8::/32",
        "A visit of one page is no bounce after seconds": "15",
    }
    for label, text in texts.items():
        form.get_by_label(label).fill(text)
    form.get_by_label("Visitors").select_option("persistent")
    form.get_by_label("Who sends Global Privacy Control").select_option("ignore")
    for label in ("Who comes by another campaign", "Everybody may read the reports"):
        form.get_by_label(label).check()
    form.get_by_role("button", name="Save").click()
    expect(page.locator(".toast")).to_have_text("Saved")

    told = shared_pipeline.read("websites/managed").body
    assert {name: value for name, value in told.items() if name != "created_at"} == {
        "id": "managed",
        "name": "A shop",
        "timezone": "Asia/Kathmandu",
        "domains": ["shop.example", "www.shop.example"],
        "retention_days": 30,
        "excluded_networks": ["203.0.113.0/24", "2001:db8::/32"],
        "identity": "persistent",
        "gpc": "ignore",
        "engaged_threshold_s": 15,
        "split_on_campaign": True,
        "is_public": True,
    }
    report = shared_pipeline.read("analytics/dashboard/managed").body
    assert report["range"]["timezone"] == "Asia/Kathmandu"
    page.reload()
    for label, text in texts.items():
        expect(form.get_by_label(label)).to_have_value(text)
    for label in ("Who comes by another campaign", "Everybody may read the reports"):
        expect(form.get_by_label(label)).to_be_checked()
    # Saved again as it stands, nothing changes.
    form.get_by_role("button", name="Save").click()
    expect(page.locator(".toast")).to_have_text("Saved")
    assert shared_pipeline.read("websites/managed").body == told


def test_key_opens_what_it_is_for_until_it_is_revoked(owner: tuple[Page, str], shared_pipeline: Pipeline) -> None:
    page, origin = owner
    site = fill(shared_pipeline)
    page.goto(f"{origin}/#/site/{site}/settings")
    keys = page.locator("section[aria-label='API keys']")
    keys.get_by_label("Name of the key").fill(HOSTILE)
    keys.get_by_role("button", name="Make a key").click()
    key = keys.locator(".notice code").text_content() or ""
    expect(keys.locator("li")).to_have_text(f"{HOSTILE} stats:readRevoke")
    answer = shared_pipeline.read(f"analytics/dashboard/{site}", token=key, query="period=24h")
    assert (answer.status, answer.body["metrics"]["unique_visitors"]) == (200, 3)

    keys.get_by_role("button", name=f"Revoke {HOSTILE}").click()
    page.locator("dialog").get_by_role("button", name="Revoke key").click()
    expect(keys.locator("li")).to_have_count(0)
    assert shared_pipeline.read(f"analytics/dashboard/{site}", token=key).status == 401


def test_deleted_website_takes_its_events_where_that_is_chosen(
    owner: tuple[Page, str], shared_pipeline: Pipeline
) -> None:
    page, origin = owner
    site = fill(shared_pipeline)
    page.goto(f"{origin}/#/site/{site}/settings")
    page.get_by_role("button", name="Delete this website…").click()
    assert serious_barriers(page, "dialog[open]") == {}
    page.get_by_label(f"Type {site}").fill(site)
    page.get_by_label("Delete its events too").check()
    page.locator("dialog").get_by_role("button", name="Delete").click()
    expect(page.locator("h1")).to_have_text("Websites")
    expect(page.locator(f".site[href$='/{site}']")).to_have_count(0)
    assert shared_pipeline.read(f"websites/{site}").status == 404

    def is_empty() -> bool:
        shared_pipeline.call("POST", "websites", {"id": site})
        answer = shared_pipeline.read(f"analytics/dashboard/{site}", query="period=24h")
        return answer.status == 200 and answer.body["metrics"]["page_views"] == 0

    wait_until(is_empty, "a website without its events")


def test_what_was_begun_in_a_dialog_is_not_lost_beside_it(owner: tuple[Page, str]) -> None:
    page, origin = owner
    page.goto(f"{origin}/#/")
    page.get_by_role("button", name="Add website").click()
    name = page.get_by_label("Id")
    name.fill("half-typed")
    # Text is marked, and the mouse let go beside the dialog.
    box = name.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    page.mouse.down()
    page.mouse.move(5, 5)
    page.mouse.up()
    expect(page.locator("dialog[open]")).to_have_count(1)
    name.press("End")
    expect(name).to_have_value("half-typed")

    page.mouse.click(5, 5)
    expect(page.locator("dialog")).to_have_count(0)


_OFFERED: dict[str, dict[str, set[str]]] = {
    "viewer": {
        "": {
            "Sources",
            "Pages",
            "Places",
            "Devices",
            "Events",
            "Goals",
            "Funnels",
            "Web vitals",
            "Journeys",
            "Retention",
        },
        "/settings": {"Snippet", "Ingest report"},
    },
    "editor": {"": {"Latest events"}, "/settings": {"Annotations"}},
    "owner": {"": set(), "/settings": {"Website", "API keys", "Share links", "Export and import", "Delete"}},
}


def test_page_offers_what_its_reader_may_and_asks_for_no_more(browser: Browser, shared_pipeline: Pipeline) -> None:
    site = fill(shared_pipeline)
    origin = f"http://127.0.0.1:{shared_pipeline.query_port}"
    offered: dict[str, set[str]] = {"": {"Over time"}, "/settings": set()}
    for role, more in _OFFERED.items():
        complaints = Complaints((origin,))
        with opened(browser, complaints, viewport={"width": 1440, "height": 5000}) as context:
            page = context.new_page()
            token = shared_pipeline.token(role=role)
            page.add_init_script(f"sessionStorage.setItem('analytics.token', {token!r})")
            for view, expected in offered.items():
                expected.update(more[view])
                page.goto(f"{origin}/#/site/{site}{view}")
                settle(page)
                sections = page.locator("main section")
                expect(sections).to_have_count(len(expected))
                assert {section.get_attribute("aria-label") for section in sections.all()} == expected, role
                tools = page.get_by_role("button", name=re.compile("^(New goal|New funnel|Delete .+)$"))
                assert (tools.count() > 0) is (role != "viewer"), (role, view)
        # Nothing was asked for that is refused.
        assert complaints.found == [], role


def test_refusals_are_told_in_the_words_of_the_api(browser: Browser, shared_pipeline: Pipeline) -> None:
    site = fill(shared_pipeline)
    link = shared_pipeline.call("POST", f"websites/{site}/shares", {"name": "x", "password": _PASSWORD}).body
    complaints = Complaints((origin := f"http://127.0.0.1:{shared_pipeline.query_port}",))
    with opened(browser, complaints, viewport={"width": 390, "height": 900}) as context:
        page = context.new_page()

        def refused(button: Locator, told: Locator) -> None:
            with page.expect_response(lambda answer: answer.status >= 400) as answer:
                button.click()
            expect(told).to_have_text(answer.value.json()["error"])

        alert = page.get_by_role("alert")
        page.goto(f"{origin}/#setup=nonsense")
        page.get_by_label("Your name").fill("Eve")
        page.get_by_label("E-mail").fill("eve@example.com")
        page.get_by_label("Password").fill(_PASSWORD)
        refused(page.get_by_role("button", name="Create my account"), alert)
        assert serious_barriers(page) == {}

        page.goto(f"{origin}/#/")
        expect(page.locator("h1")).to_have_text("Sign in")
        page.get_by_label("E-mail").fill("nobody@example.com")
        page.get_by_label("Password").fill(_PASSWORD)
        refused(page.get_by_role("button", name="Sign in"), alert)
        expect(page.get_by_label("E-mail")).to_have_value("nobody@example.com")

        page.goto(f"{origin}/share/{link['token']}")
        page.get_by_label("Password").fill("something else")
        refused(page.get_by_role("button", name="Open"), alert)
        assert serious_barriers(page) == {}
        page.get_by_label("Password").fill(_PASSWORD)
        page.get_by_role("button", name="Open").click()
        expect(page.locator(".main .figure").first).to_have_text("3")
        shared_pipeline.call("DELETE", f"websites/{site}/shares/{link['id']}")
        page.reload()
        expect(alert).to_contain_text("link")

        page.add_init_script(f"sessionStorage.setItem('analytics.token', {shared_pipeline.token()!r})")
        page.goto(f"{origin}/#/site/{site}/settings")
        page.get_by_label("Time zone").fill("Nowhere/Land")
        refused(page.get_by_role("button", name="Save"), page.locator("body > .toast"))
        assert shared_pipeline.read(f"websites/{site}").body["timezone"] == "UTC"
        page.goto(f"{origin}/#/")
        settle(page)
        page.get_by_role("button", name="Add website").click()
        page.get_by_label("Id").fill(site)
        # Not below the dialog, where nobody reads it.
        refused(page.locator("dialog").get_by_role("button", name="Add"), page.locator("dialog .toast"))
        # Whoever is here no longer is asked who they are.
        late = context.new_page()
        late.add_init_script("sessionStorage.setItem('analytics.token', 'nonsense')")
        late.goto(f"{origin}/#/site/{site}")
        expect(late.locator("h1")).to_have_text("Sign in")
    assert [found for found in complaints.found if "Failed to load resource" not in found] == []
