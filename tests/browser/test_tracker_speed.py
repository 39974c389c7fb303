"""Web vitals: what the tracker tells of how fast pages are, and of which it does not."""

from playwright.sync_api import Page

from tests.browser.tracked_site import TrackedSite, hideable, turn, wait_painted


def test_a_page_loaded_behind_others_has_no_speed(site: TrackedSite, page: Page) -> None:
    hideable(page, is_hidden=True)
    page.goto(site.put("/a", "<p>A page.</p>"))
    wait_painted(page)
    turn(page, is_hidden=False)
    turn(page, is_hidden=True)
    page.evaluate("analytics('last')")

    site.wait_for("pageview", "last")
    assert "performance" not in {row["event_type"] for row in site.rows()}


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
