"""`make bench-page`: how long the dashboard page takes to its first chart, and what is loaded for it."""

from statistics import median

from playwright.sync_api import Browser, Page, Request

from tests.bench.demo_product import DemoProduct, demo_product
from tests.browser.chromium import launched

_ROUNDS = 9
# Milliseconds since the navigation began, taken the moment the graph is in the document.
_NOTE_FIRST_CHART = """new MutationObserver(() => {
  if (!window.firstChart && document.querySelector(".chart-box svg.chart")) window.firstChart = performance.now();
}).observe(document, { childList: true, subtree: true })"""


def main() -> None:
    """Print medians over loopback: for a browser that was never here, and for one that loads the page again."""
    with demo_product() as product, launched() as browser:
        _visit(browser, product)
        visits = [_visit(browser, product) for _ in range(_ROUNDS)]
    for name, at in (("first visit", 0), ("again", 1)):
        times = sorted(visit[at] for visit in visits)
        spread = f"{times[0]:.0f} to {times[-1]:.0f}"
        print(f"first chart, {name}: {median(times):.0f} ms after navigation ({spread}, median of {_ROUNDS})")
    print(f"first load: {visits[0][2]} bytes of the page, {visits[0][3]} bytes of reports, as sent")


def _visit(browser: Browser, product: DemoProduct) -> tuple[float, float, int, int]:
    """Milliseconds to the first chart on a first visit and on the next, bytes of the page and of reports."""
    finished: list[Request] = []
    context = product.look(browser, {"viewport": {"width": 1440, "height": 900}})
    context.add_init_script(_NOTE_FIRST_CHART)
    page = context.new_page()

    def note(request: Request) -> None:
        finished.append(request)

    # The live stream is under way for as long as the page is there: nobody can say its size.
    page.on("requestfinished", note)
    page.goto(f"{product.origin}/#/site/demo")
    first = _first_chart(page)
    sent = [(request.url, request.sizes()["responseBodySize"]) for request in list(finished)]
    page.reload()
    again = _first_chart(page)
    context.close()
    reports = sum(size for url, size in sent if "/api/" in url)
    return first, again, sum(size for _, size in sent) - reports, reports


def _first_chart(page: Page) -> float:
    page.locator(".chart-box svg.chart").wait_for()
    page.locator("[aria-busy=true]").first.wait_for(state="detached")
    return float(page.evaluate("window.firstChart"))


if __name__ == "__main__":
    main()
