"""Events of a website go out of the page as a file, and into another website by it."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from tests.browser.shown_site import Look, fill, looking, settle
from tests.flow.pipeline import Pipeline


@pytest.fixture
def owner(browser: Browser, shared_pipeline: Pipeline) -> Iterator[tuple[Page, str]]:
    yield from looking(browser, shared_pipeline, Look())


def test_exported_file_is_imported_once(owner: tuple[Page, str], shared_pipeline: Pipeline) -> None:
    page, origin = owner
    site = fill(shared_pipeline)
    shared_pipeline.call("POST", "websites", {"id": "moved"})
    page.goto(f"{origin}/#/site/{site}/settings")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export as NDJSON").click()
    lines = download.value.path().read_text("utf-8").splitlines()
    with page.expect_download() as table:
        page.get_by_role("button", name="Export as CSV").click()
    assert len(table.value.path().read_text("utf-8").splitlines()) == 1 + len(lines) == 9
    assert {json.loads(line)["website_id"] for line in lines} == {site}

    page.goto(f"{origin}/#/site/moved/settings")
    settle(page)
    told = page.locator("section[aria-label='Export and import']").get_by_role("status")
    chosen: FilePayload = {"name": "events.ndjson", "mimeType": "text/plain", "buffer": "\n".join(lines).encode()}
    for outcome in ("8 events: 8 added, 0 were here before", "8 events: 0 added, 8 were here before"):
        page.get_by_label("File of events to import").set_input_files(chosen)
        expect(told).to_have_text(outcome)
    page.get_by_role("button", name="Back to the numbers").click()
    expect(page.locator(".main .figure").first).to_have_text("3")
    moved = shared_pipeline.read("analytics/dashboard/moved", query="period=24h").body["metrics"]
    assert moved == shared_pipeline.read(f"analytics/dashboard/{site}", query="period=24h").body["metrics"]
