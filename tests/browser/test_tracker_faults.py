"""The tracker where something is wrong: no network, no gateway, no storage, a page that breaks its own globals."""

import pytest
from playwright.sync_api import BrowserContext, Page, Route

from tests.browser.tracked_site import TrackedSite
from tests.flow.pipeline import wait_until

_SOON = {"Retry-After": "1", "Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "Retry-After"}
# What a page may have done to its globals before the tracker comes.
_HOSTILE = """
<script>
  window.complaints = 0;
  window.onerror = function () { window.complaints++; };
  window.addEventListener("unhandledrejection", function () { window.complaints++; });
  Array.prototype.extra = function () {};
  Object.prototype.inherited = "x";
  %s
</script>
"""


@pytest.mark.rule("R57")
@pytest.mark.rule("R58")
def test_what_happened_offline_arrives_once(site: TrackedSite, context: BrowserContext, page: Page) -> None:
    url = site.put("/a")
    page.goto(url)
    site.wait_for("pageview")
    site.complaints.found.clear()
    context.set_offline(offline=True)
    page.evaluate("analytics('offline')")
    page.wait_for_function("Object.keys(localStorage).some(key => key.indexOf('analytics/tracked') === 0)")
    other = context.new_page()
    context.set_offline(offline=False)
    # Both pages find what is kept and send it.
    other.goto(url)
    wait_until(lambda: "offline" in {row["event_type"] for row in site.rows()}, "the kept event")
    other.wait_for_function("!Object.keys(localStorage).some(key => key.indexOf('analytics/tracked') === 0)")
    site.pipeline.wait_consumed()

    site.wait_for("pageview", "pageview", "offline")
    # The browser says of a request that it was offline, and it is the test that made it so.
    site.complaints.found = [one for one in site.complaints.found if "ERR_INTERNET_DISCONNECTED" not in one]


def test_a_gateway_that_is_away_costs_nothing(site: TrackedSite, context: BrowserContext, page: Page) -> None:
    is_away = True

    def answer(route: Route) -> None:
        if is_away:
            route.fulfill(status=503, headers=_SOON)
        else:
            route.continue_()

    context.route("**/event/batch", answer)
    page.goto(site.put("/a"))
    page.wait_for_function("Object.keys(localStorage).some(key => key.indexOf('analytics/tracked') === 0)")
    is_away = False

    page.wait_for_function("!Object.keys(localStorage).some(key => key.indexOf('analytics/tracked') === 0)")
    site.wait_for("pageview")
    site.complaints.found = [one for one in site.complaints.found if "503" not in one]


def test_blocked_storage_changes_nothing(site: TrackedSite, page: Page) -> None:
    page.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError'); } });"
    )
    page.goto(site.put("/a", head=site.tag('data-identity="persistent"')))
    page.evaluate("analytics('done')")

    view, done = site.wait_for("pageview", "done")
    # An id that cannot be kept would be another visitor on every page.
    assert not view["is_persistent"] and view["visitor_id"] == done["visitor_id"]


def test_the_name_of_another_product_is_left_to_it(site: TrackedSite, page: Page) -> None:
    other = "<script>window.analytics = []; analytics.track = function (name) { analytics.push(name) };</script>"
    page.goto(site.put("/a", "<button data-event=ours>b</button>", head=other + site.tag()))
    page.evaluate("analytics.track('theirs')")
    page.click("button")

    site.wait_for("pageview", "ours")
    assert page.evaluate("analytics[0]") == "theirs"


def test_without_fetch_a_beacon_goes(site: TrackedSite, page: Page) -> None:
    page.add_init_script("window.fetch = undefined")
    page.goto(site.put("/a"))

    site.wait_for("pageview")


@pytest.mark.parametrize(
    "damage",
    [
        "",
        "JSON.stringify = null;",
        "window.fetch = undefined;",
        "window.PerformanceObserver = function () { throw new Error('no'); };",
        "window.fetch = function () { throw new Error('no'); };",
        "window.fetch = function () { return Promise.reject(new Error('no')); };",
        "window.crypto.getRandomValues = undefined; history.pushState = undefined;",
        "Element.prototype.closest = undefined; performance.getEntriesByType = undefined;",
    ],
)
def test_nothing_is_ever_thrown_into_the_page(site: TrackedSite, page: Page, damage: str) -> None:
    page.goto(site.put("/a", "<button id=b>b</button>", head=_HOSTILE % damage + site.tag()))
    page.wait_for_function("typeof analytics === 'function' && analytics.t")
    page.click("#b")
    page.evaluate("analytics('x', {a: 1}); history.replaceState && history.replaceState({}, '', '/b')")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange')); window.dispatchEvent(new Event('pagehide'))")
    page.wait_for_timeout(200)

    assert page.evaluate("window.complaints") == 0


def test_hostile_text_is_text(site: TrackedSite, page: Page) -> None:
    hostile = "<img src=x onerror=alert(1)>'\"\\\u2028\U0001f600"
    page.goto(site.put("/a"))
    page.evaluate("text => { document.title = text; analytics(text, {[text]: text}); analytics('pageview') }", hostile)

    rows = site.wait_for("pageview", hostile, "pageview")
    assert rows[-1]["title"] == hostile
    assert next(row for row in rows if row["event_type"] == hostile)["properties"] == {hostile: hostile}
