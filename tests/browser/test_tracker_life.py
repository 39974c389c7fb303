"""The tracker through the life of a page: rendered ahead, hidden, read for long, left, come back to."""

from datetime import timedelta

import pytest
from playwright.sync_api import Page

from tests.browser.chromium import undriven
from tests.browser.tracked_site import TrackedSite

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
    page.add_init_script("Object.defineProperty(document, 'hidden', { get: () => window.isHidden || false })")
    page.goto(site.put("/a"))
    page.wait_for_timeout(200)
    page.evaluate("window.isHidden = true; document.dispatchEvent(new Event('visibilitychange'))")

    site.wait_for("pageview", "engagement", "performance")


def test_a_page_loaded_behind_others_has_no_speed(site: TrackedSite, page: Page) -> None:
    page.add_init_script("Object.defineProperty(document, 'hidden', { get: () => window.isHidden !== false })")
    page.goto(site.put("/a"))
    page.wait_for_timeout(200)
    page.evaluate("window.isHidden = false; document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_timeout(200)
    page.evaluate("window.isHidden = true; document.dispatchEvent(new Event('visibilitychange')); analytics('last')")

    site.wait_for("pageview", "last")
    assert "performance" not in {row["event_type"] for row in site.rows()}


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


def test_one_interaction_of_fifty_is_left_out_of_the_worst(site: TrackedSite, page: Page) -> None:
    # The browser's own times are not ours to choose: what it tells is put in its place.
    page.add_init_script("""
      window.PerformanceObserver = function (told) {
        this.observe = function (options) {
          if (options.type !== "event") return;
          const entries = [[7, 300], [7, 480], [14, 900], [21, 40], [0, 5000]];
          told({ getEntries: () => entries.map(([interactionId, duration]) => ({ interactionId, duration })) });
        };
      };
      Object.defineProperty(performance, "interactionCount", { get: () => window.interactions });
      window.interactions = 49;
    """)
    for number, interactions in enumerate((49, 50, 99, 100, 5000)):
        page.goto(site.put(f"/{number}"))
        page.evaluate("count => { window.interactions = count }", interactions)
    page.goto("about:blank")

    rows = site.wait_for(*["pageview"] * 5, *["performance"] * 5)
    found = [row["performance"]["inp"] for row in sorted(rows, key=lambda row: row["page"]) if row["performance"]]
    # The worst of fewer than fifty, the second of fewer than a hundred, and the last that was slow at all.
    assert found == [900, 480, 480, 40, 40]
