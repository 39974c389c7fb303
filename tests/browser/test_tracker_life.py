"""The tracker through the life of a page: rendered ahead, hidden, read for long, left, come back to."""

from datetime import timedelta

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.chromium import undriven
from tests.browser.tracked_site import TrackedSite, hideable, stop_clock, turn, wait_painted

# How long a page waits before it goes to the one that is rendered ahead meanwhile.
_AHEAD_MS = 2000


def test_a_page_that_comes_back_is_a_view(site: TrackedSite, page: Page) -> None:
    site.put("/b")
    page.goto(site.put("/a"))
    page.evaluate(
        "window.isSame = true; window.addEventListener('pageshow', event => { window.isBack = event.persisted })"
    )
    page.goto(site.origin + "/b")
    page.go_back(wait_until="commit")

    rows = site.wait_for(*["pageview"] * 3)
    assert sorted(row["page"] for row in rows) == ["/a", "/a", "/b"]
    assert page.evaluate("[window.isSame, window.isBack]") == [True, True]


def test_a_hidden_page_was_left(site: TrackedSite, page: Page) -> None:
    hideable(page)
    page.goto(site.put("/a", "<p>A page.</p>"))
    wait_painted(page)
    turn(page, is_hidden=True)

    site.wait_for("pageview", "engagement", "performance")


@pytest.mark.rule("R8")
def test_hidden_time_is_nobodys(site: TrackedSite, page: Page) -> None:
    hideable(page)
    stop_clock(page)
    page.goto(site.put("/a"))
    page.clock.run_for(3000)
    turn(page, is_hidden=True)
    page.clock.run_for(60_000)
    turn(page, is_hidden=False)
    page.clock.run_for(500)
    turn(page, is_hidden=True)

    rows = site.wait_for("pageview", "engagement", "engagement")
    # What was told once is not told again.
    assert sorted(row["engaged_ms"] for row in rows if row["event_type"] == "engagement") == [500, 3000]


@pytest.mark.rule("R8")
def test_tabs_are_one_visit_each_with_its_own_time(site: TrackedSite, context: BrowserContext) -> None:
    first, second = context.new_page(), context.new_page()
    for tab in (first, second):
        hideable(tab, is_hidden=tab is second)
    # All tabs of a browser have one clock.
    stop_clock(first)
    for tab, path in ((first, "/a"), (second, "/b")):
        tab.goto(site.put(path))
    first.clock.run_for(4000)
    turn(first, is_hidden=True)
    turn(second, is_hidden=False)
    first.clock.run_for(1000)
    second.close(run_before_unload=True)

    rows = site.wait_for("pageview", "pageview", "engagement", "engagement")
    engaged = {row["page"]: row["engaged_ms"] for row in rows if row["event_type"] == "engagement"}
    assert engaged == {"/a": 4000, "/b": 1000}
    assert len({(row["visitor_id"], row["session_hash"]) for row in rows}) == 1


@pytest.mark.rule("R17")
def test_reading_for_long_keeps_the_session(site: TrackedSite, page: Page) -> None:
    page.clock.install()
    page.goto(site.put("/a"))
    page.clock.run_for("11:00")

    (row,) = [row for row in site.wait_for("pageview", "engagement") if row["event_type"] == "engagement"]
    assert row["engaged_ms"] == 600_000


def test_a_page_rendered_ahead_counts_once_it_is_shown(site: TrackedSite) -> None:
    """The browser does it all by itself; the pages tell how it was."""
    rules = """<script type="speculationrules">
      {"prerender": [{"source": "list", "urls": ["/b"], "eagerness": "immediate"}]}
    </script>"""
    wait = f"setTimeout(() => {{ location.href = '/b' }}, {_AHEAD_MS})"
    told = """
      const ahead = document.prerendering;
      addEventListener("load", () => analytics("told", { ahead }));
      document.addEventListener("prerenderingchange", () => setTimeout(() => { location.href = "/c" }, 500));
    """
    site.put("/c", head="")
    site.put("/b", f"<p>b</p><script>{told}</script>")
    with undriven(site.put("/a", f"<p>a</p><script>{wait}</script>", head=rules + site.tag())):
        rows = site.wait_for("pageview", "pageview", "told", "performance", "performance")

    first, second = (row for row in rows if row["event_type"] == "pageview")
    assert [first["page"], second["page"]] == ["/a", "/b"]
    assert [row["properties"] for row in rows if row["event_type"] == "told"] == [{"ahead": True}]
    assert second["timestamp"] - first["timestamp"] > timedelta(milliseconds=_AHEAD_MS / 2)
    # For whoever waited it began when it was shown: all of it had come by then.
    (speed,) = [row["performance"] for row in rows if row["performance"] and row["page"] == "/b"]
    assert speed["ttfb"] == 0
    assert site.asked.count("/b") == 1
