"""The tracker in a real browser: what it counts, from a page of another origin to the rows it becomes."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.chromium import opened
from tests.browser.tracked_site import HOST, TrackedSite, stop_clock, wait_painted


@pytest.mark.rule("R53")
@pytest.mark.rule("R45")
def test_a_visit_becomes_rows(site: TrackedSite, page: Page) -> None:
    page.goto(site.put("/a", "<p>A page.</p>") + "?utm_source=letter&secret=1", referer="https://news.example/")
    wait_painted(page)
    page.wait_for_function("performance.now() > performance.getEntriesByType('navigation')[0].loadEventEnd + 200")
    page.goto("about:blank")

    rows = {row["event_type"]: row for row in site.wait_for("pageview", "performance", "engagement")}
    view, performance, engagement = rows["pageview"], rows["performance"], rows["engagement"]
    assert (view["page"], view["hostname"], view["title"], view["utm_source"]) == ("/a", HOST, "T /a", "letter")
    assert (view["browser"], view["language"], view["is_bot"]) == ("Chrome", "en-US", False)
    assert engagement["engaged_ms"] >= 200 and engagement["scroll_depth"] == 100
    assert performance["performance"].keys() >= {"ttfb", "fcp", "lcp", "cls", "load"}
    assert len({row["session_hash"] for row in (view, performance, engagement)}) == 1


def test_pages_of_one_document_are_views(site: TrackedSite, page: Page) -> None:
    page.goto(site.put("/app"))
    page.evaluate("history.pushState({}, '', '/app/one?x=1')")
    page.evaluate("history.replaceState({}, '', '/app/one?x=2')")
    page.evaluate("history.pushState({}, '', '/app/two')")
    page.go_back()

    rows = site.wait_for(*["pageview"] * 4)
    # Within milliseconds of each other, so their requests may overtake each other.
    assert sorted(row["page"] for row in rows) == ["/app", "/app/one", "/app/one", "/app/two"]
    assert len({row["session_hash"] for row in rows}) == 1


@pytest.mark.rule("R4")
def test_fragments_are_pages_where_they_are_routes(site: TrackedSite, page: Page) -> None:
    page.goto(site.put("/app", head=site.tag("data-hash")))
    page.evaluate("location.hash = '#/settings?token=1'")

    assert [row["page"] for row in site.wait_for("pageview", "pageview")] == ["/app", "/app#/settings"]


def test_a_fragment_is_no_page_otherwise(site: TrackedSite, page: Page) -> None:
    page.goto(site.put("/app"))
    page.evaluate("location.hash = '#/chapter'")
    page.evaluate("analytics('done')")

    assert [row["page"] for row in site.wait_for("pageview", "done")] == ["/app", "/app"]


@pytest.mark.rule("R8")
def test_only_time_that_is_seen_counts(site: TrackedSite, page: Page) -> None:
    page.add_init_script("Document.prototype.hasFocus = () => window.focused !== false")
    stop_clock(page)
    page.goto(site.put("/a", "<div style='height: 5000px'></div>"))
    page.clock.run_for(1000)
    page.evaluate("window.focused = false; window.dispatchEvent(new Event('blur'))")
    page.clock.run_for(60_000)
    page.evaluate("window.scrollTo(0, 2500); window.focused = true; window.dispatchEvent(new Event('focus'))")
    page.clock.run_for(250)
    page.goto("about:blank")

    (row,) = [row for row in site.wait_for("pageview", "engagement") if row["event_type"] == "engagement"]
    assert row["engaged_ms"] == 1250
    assert 40 <= row["scroll_depth"] < 75


def test_clicks_and_forms_are_told(site: TrackedSite, page: Page) -> None:
    body = """
      <a id=out href="https://elsewhere.example/path?secret=1" onclick="event.preventDefault()">out</a>
      <a id=file href="/report.pdf" onclick="event.preventDefault()">file</a>
      <a id=inside href="/b" onclick="event.preventDefault()">inside</a>
      <button data-event="signup" data-event-plan="pro"><b id=inner>sign up</b></button>
      <form id=search onsubmit="event.preventDefault()"><button id=go>go</button></form>
      <form data-event="asked" data-event-about="price" onsubmit="event.preventDefault()">
        <button id=ask>ask</button>
      </form>
    """
    page.goto(site.put("/a", body))
    for element in ("out", "file", "inside", "inner", "go", "ask"):
        page.click(f"#{element}")

    rows = site.wait_for("pageview", "outbound", "download", "signup", "form", "asked")
    assert {row["event_type"]: row["properties"] for row in rows[1:]} == {
        "outbound": {"url": "https://elsewhere.example/path"},
        "download": {"url": f"{site.origin}/report.pdf"},
        "signup": {"plan": "pro"},
        "form": {"form": "search"},
        "asked": {"about": "price"},
    }


def test_calls_made_before_the_tracker_came_are_told(site: TrackedSite, page: Page) -> None:
    stub = """<script>window.analytics = window.analytics || function () {
      (analytics.q = analytics.q || []).push(arguments) };
      analytics("early", {n: 1}, {revenue: {amount: "19.90", currency: "EUR"}, interactive: false});</script>"""
    page.goto(site.put("/a", head=stub + site.tag()))
    page.evaluate("analytics('late')")
    page.evaluate("analytics('pageview', {section: 'x'}, {page: '/virtual'})")

    rows = {row["event_type"] + row["page"]: row for row in site.wait_for("pageview", "early", "late", "pageview")}
    assert (rows["early/a"]["properties"], str(rows["early/a"]["revenue_amount"])) == ({"n": 1}, "19.9000")
    assert (rows["early/a"]["interactive"], rows["late/a"]["interactive"]) == (False, True)
    assert rows["pageview/virtual"]["properties"] == {"section": "x"}


def test_without_scripts_a_picture_counts(site: TrackedSite, browser: Browser) -> None:
    """As TRACKER.md says it."""
    guide = (Path(__file__).parents[2] / "ingest" / "TRACKER.md").read_text("utf-8")
    tag = re.search(r"^<noscript><img .+$", guide, re.MULTILINE)
    assert tag is not None
    picture = tag.group().replace("https://analytics.example.com", site.gateway).replace("my-site", site.website_id)
    with opened(browser, site.complaints, java_script_enabled=False) as context:
        context.new_page().goto(site.put("/a", picture) + "?utm_source=letter")

        (view,) = site.wait_for("pageview")
    assert (view["page"], view["hostname"], view["utm_source"]) == ("/a", HOST, "letter")


def test_whoever_opts_out_is_not_counted(site: TrackedSite, page: Page) -> None:
    page.goto(site.put("/a"))
    site.wait_for("pageview")
    page.evaluate("analytics.ignore()")
    page.evaluate("analytics('never')")
    page.goto(site.put("/b"))
    page.evaluate("analytics.ignore(false)")
    page.evaluate("analytics('again')")

    assert [row["page"] for row in site.wait_for("pageview", "again")] == ["/a", "/b"]


def test_only_the_named_hosts_count(site: TrackedSite, page: Page) -> None:
    own = f"{site.website_id}-own"
    elsewhere, here = 'data-domains="example.com"', 'data-domains="a.example,site.example"'
    page.goto(site.put("/a", head=site.tag(elsewhere) + site.tag(here, own)))

    site.wait_for("pageview", website_id=own)
    assert site.rows() == []


def test_two_websites_count_one_page(site: TrackedSite, page: Page) -> None:
    other = f"{site.website_id}-other"
    # However the page asks for the script.
    page.goto(site.put("/a", head=site.tag() + site.tag("", other).replace(" defer ", " async ")))
    page.evaluate("analytics('both')")

    site.wait_for("pageview", "both")
    site.wait_for("pageview", "both", website_id=other)


@pytest.mark.rule("R10")
def test_an_id_is_kept_only_where_the_page_asks(site: TrackedSite, context: BrowserContext, page: Page) -> None:
    kept = f"{site.website_id}-kept"
    site.pipeline.call("POST", "websites", {"id": kept, "identity": "persistent"})
    page.goto(site.put("/a"))
    site.wait_for("pageview")
    assert page.evaluate("localStorage.length + document.cookie.length") == 0
    page.goto(site.put("/b", head=site.tag('data-identity="persistent"', kept)))
    visitor = page.evaluate("localStorage.getItem('analytics.visitor')")
    page.reload()

    rows = site.wait_for("pageview", "pageview", website_id=kept)
    assert [row["visitor_id"] for row in rows] == [visitor, visitor]


@pytest.mark.rule("R51")
@pytest.mark.parametrize(("name", "value"), [("globalPrivacyControl", "true"), ("doNotTrack", "'1'")])
def test_no_id_is_kept_of_whoever_objects(site: TrackedSite, page: Page, name: str, value: str) -> None:
    page.add_init_script(f"Object.defineProperty(navigator, '{name}', {{ get: () => {value} }});")
    page.goto(site.put("/a", head=site.tag('data-identity="persistent"')))

    site.wait_for("pageview")
    assert page.evaluate("localStorage.length") == 0


def test_this_machine_counts_only_where_the_page_says_so(site: TrackedSite, page: Page) -> None:
    site.complaints.origins += (site.origin.replace("site.example", "localhost"),)
    asked = f"{site.website_id}-asked"
    site.put("/a", head=site.tag() + site.tag("data-dev", asked))
    page.goto(site.origin.replace("site.example", "localhost") + "/a")

    site.wait_for("pageview", website_id=asked)
    assert site.rows() == []


def test_a_tag_that_is_there_twice_counts_once(site: TrackedSite, page: Page) -> None:
    page.goto(site.put("/a", head=site.tag() * 2))
    page.evaluate("analytics('last')")

    site.wait_for("pageview", "last")


def test_a_page_that_is_not_there_says_so(site: TrackedSite, page: Page) -> None:
    page.goto(site.put("/gone", head=site.tag("data-404")))

    rows = {row["event_type"]: row for row in site.wait_for("pageview", "404")}
    assert (rows["404"]["page"], rows["404"]["interactive"]) == ("/gone", False)


@pytest.mark.rule("R50")
def test_browser_that_a_program_drives_is_a_robot(site: TrackedSite, page: Page) -> None:
    page.goto(site.put("/a"))
    assert page.evaluate("navigator.webdriver") is False
    (human,) = site.wait_for("pageview")
    page.add_init_script("Object.defineProperty(navigator, 'webdriver', { get: () => true })")
    page.goto(site.put("/b"))

    (robot,) = [row for row in site.wait_for("pageview", "pageview") if row["page"] == "/b"]
    assert (human["is_bot"], robot["is_bot"]) == (False, True)
    assert (robot["bot_reasons"], robot["bot_category"]) == (["webdriver"], "tool")


def test_a_page_with_a_strict_policy_of_its_own(site: TrackedSite, page: Page) -> None:
    """As TRACKER.md says it, and nothing more."""
    guide = (Path(__file__).parents[2] / "ingest" / "TRACKER.md").read_text("utf-8")
    policy = re.search(r"^Content-Security-Policy: (.+)$", guide, re.MULTILINE)
    assert policy is not None
    site.headers["Content-Security-Policy"] = policy.group(1).replace("https://analytics.example.com", site.gateway)
    page.goto(site.put("/a", "<button data-event=ours>b</button>"))
    page.click("button")

    site.wait_for("pageview", "ours")
