"""A website that the dashboard page shows, hostile in every text that somebody else decides."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any, Literal

from axe_playwright_python.base import AXE_SCRIPT  # pyright: ignore[reportMissingTypeStubs] -- it has none
from playwright.sync_api import Browser, Page, expect

from shared.clock import utc_now
from tests.browser.chromium import Complaints, opened
from tests.flow.pipeline import Pipeline

HOSTILE = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
# What a spreadsheet would compute.
FORMULA = '=HYPERLINK("https://evil.example","x")'
# What is behind a dialog is taken away while it is looked at: it would take most of the time. A theme changes colours,
# so all rules are asked of the light one, those on colour of both.
_RUN_AXE = """async ([within, scheme]) => {
  const behind = within?.startsWith("dialog") && document.getElementById("app");
  const place = document.createComment("");
  if (behind) behind.replaceWith(place);
  const rules = scheme === "dark" ? { runOnly: ["color-contrast", "link-in-text-block"] } : {};
  const told = await axe.run(within || document, { resultTypes: ["violations"], preload: false, ...rules });
  if (behind) place.replaceWith(behind);
  return told;
}"""
_NUMBERS = count()
_WIDTHS = (1440, 390)
_SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
# As high as the page: what nobody comes near is not asked for.
_HEIGHT = 5000


# Everything that opens above the site view, by what is clicked for it.
DIALOGS = (
    "[aria-label='Details of Pages']",
    "text=+ Filter",
    ".live",
    "text=New goal",
    "[aria-label^='Delete the goal'] >> nth=0",
    "text=New funnel",
    ".funnel-head >> text=Edit",
    ".funnel-head >> text=Delete",
    "[aria-label^='Properties of'] >> nth=-1",
    "[aria-label='Keyboard shortcuts']",
    "[aria-label=More], text=Share…",
    "[aria-label=More], text=Time zone…",
    "#period, text=Choose days…",
)


@dataclass(frozen=True)
class Look:
    """The size and theme that a page is looked at in, and who looks: an owner by a token, or nobody yet."""

    width: int = 1440
    scheme: str = "light"
    is_owner: bool = True


def fill(pipeline: Pipeline) -> str:
    """The id of a website with three visits of the last half hour, a goal and a funnel."""
    website_id = f"shown-{next(_NUMBERS)}"
    pipeline.call("POST", "websites", {"id": website_id, "name": f"{website_id} {HOSTILE}"[:190]})
    then = utc_now() - timedelta(minutes=20)

    def event(visitor: str, minute: int, **more: object) -> dict[str, object]:
        at = (then + timedelta(minutes=minute)).isoformat()
        return {"website_id": website_id, "visitor_id": visitor, "timestamp": at, "page": "/", **more}

    events = [
        event("a", 0, referrer="https://www.google.com/"),
        event("a", 1, page="/pricing"),
        event("a", 2, event_type="signup", properties={"plan": "pro"}, revenue={"amount": "19.90", "currency": "EUR"}),
        event("a", 3, event_type="performance", performance={"lcp": 900, "cls": 0.01}),
        event("b", 5, utm_source=FORMULA),
        event("b", 5, event_type=FORMULA, properties={"plan": FORMULA}),
        event("c", 6, page=f"/{HOSTILE}", title=HOSTILE, referrer=f"https://evil.example/{HOSTILE}"),
        event("c", 7, event_type=HOSTILE[:100], properties={HOSTILE[:100]: HOSTILE}, utm_source=HOSTILE),
    ]
    answer = pipeline.send(events)
    assert (answer.status, answer.body["accepted"]) == (202, len(events))
    pipeline.call("POST", f"websites/{website_id}/goals", {"name": HOSTILE, "event_type": "signup"})
    pipeline.call("POST", f"websites/{website_id}/goals", {"name": FORMULA, "event_type": FORMULA})
    pipeline.call("POST", f"websites/{website_id}/annotations", {"at": then.isoformat(), "text": HOSTILE})
    steps = [{"page": "/", "name": HOSTILE, "order": 1}, {"page": "/pricing", "name": FORMULA, "order": 2}]
    pipeline.call("POST", "funnels", {"website_id": website_id, "name": HOSTILE, "steps": steps})
    pipeline.wait_consumed()
    return website_id


def looking(browser: Browser, pipeline: Pipeline, look: Look) -> Iterator[tuple[Page, str]]:
    """A page and the origin of the dashboard; fails in the end when the page complained of anything."""
    origin = f"http://127.0.0.1:{pipeline.query_port}"
    complaints = Complaints((origin,))
    options: dict[str, Any] = {"viewport": {"width": look.width, "height": _HEIGHT}, "color_scheme": look.scheme}
    with opened(browser, complaints, **options) as context:
        page = context.new_page()
        if look.is_owner:
            page.add_init_script(f"sessionStorage.setItem('analytics.token', {pipeline.token()!r})")
        yield page, origin
    assert complaints.found == [], complaints.found


def settle(page: Page) -> None:
    """Return once everything that was asked for is shown."""
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator("[aria-busy=true]")).to_have_count(0)


def open_dialog(page: Page, opens: str) -> None:
    """Click one thing after another until a dialog is there, and full."""
    for selector in opens.split(", "):
        page.locator(selector).first.click()
    expect(page.locator("dialog[open]")).to_be_visible()
    settle(page)


def is_too_wide(page: Page) -> bool:
    """Whether the page, or a dialog above it, must be scrolled sideways."""
    elements = "[document.documentElement, ...document.querySelectorAll('dialog')]"
    return bool(page.evaluate(f"{elements}.some((element) => element.scrollWidth > element.clientWidth)"))


def serious_barriers(page: Page, within: str | None = None) -> dict[str, list[tuple[str, str, str]]]:
    """What axe-core finds that keeps somebody out, in all of the page or in one element, at both widths and in both
    themes: the rule, where, and why; and what must be scrolled sideways. Nothing is left open or closed by looking."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    if page.evaluate("!window.axe"):
        page.evaluate(AXE_SCRIPT)
    before = page.viewport_size or {"width": _WIDTHS[0], "height": _HEIGHT}
    for width in _WIDTHS:
        page.set_viewport_size({"width": width, "height": before["height"]})
        if is_too_wide(page):
            found[f"{width}"] = [("too wide", within or "page", "must be scrolled sideways")]
        for scheme in _SCHEMES:
            page.emulate_media(color_scheme=scheme)
            told: Any = page.evaluate(_RUN_AXE, [within, scheme])
            barriers = [
                (rule["id"], rule["nodes"][0]["html"], rule["nodes"][0]["failureSummary"])
                for rule in told["violations"]
                if rule["impact"] in {"serious", "critical"}
            ]
            if barriers:
                found[f"{width} {scheme}"] = barriers
    page.set_viewport_size(before)
    return found
