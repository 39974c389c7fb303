"""A browser for the tests that look through one, and a website that somebody visits with it."""

from collections.abc import Iterator
from itertools import count

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.chromium import Complaints, launched, opened
from tests.browser.tracked_site import TrackedSite, serving
from tests.flow.pipeline import Pipeline

_NUMBERS = count()


# Gone before the tests of the next package: while it runs, no other event loop can, and theirs need one.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One headless browser for all tests; contexts keep them apart."""
    with launched() as running:
        yield running


@pytest.fixture
def site(shared_pipeline: Pipeline) -> Iterator[TrackedSite]:
    """An empty website that nothing else counts for."""
    pages: dict[str, str] = {}
    headers: dict[str, str] = {}
    asked: list[str] = []
    with serving(pages, headers, asked) as origin:
        gateway = f"http://127.0.0.1:{shared_pipeline.ingest_port}"
        complaints = Complaints((origin, gateway))
        yield TrackedSite(origin, pages, headers, asked, shared_pipeline, f"tracked-{next(_NUMBERS)}", complaints)
    assert complaints.found == []


@pytest.fixture
def context(browser: Browser, site: TrackedSite) -> Iterator[BrowserContext]:
    with opened(browser, site.complaints) as fresh:
        yield fresh


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()
