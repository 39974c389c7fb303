"""Where visitors are, on the map and in lists: as exact as the geo database is."""

from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path

import pytest
from mmdb_writer import MMDBWriter
from netaddr import IPSet
from playwright.sync_api import Browser, Page, expect

from tests.browser.shown_site import Look, looking
from tests.flow.pipeline import Pipeline, wait_until

_FLAGS = {"DE": "🇩🇪", "NZ": "🇳🇿"}
_VISITORS = count()


@pytest.fixture
def opened(browser: Browser, shared_pipeline: Pipeline) -> Iterator[tuple[Page, str]]:
    yield from looking(browser, shared_pipeline, Look())


def test_places_are_shown_at_three_levels_and_filter(opened: tuple[Page, str], shared_pipeline: Pipeline) -> None:
    page, origin = opened
    _put_geo(shared_pipeline.log_directory / "geo")
    website_id = "mapped"
    # The worker looks for new files every few seconds: who came before is nowhere.
    wait_until(lambda: _come(shared_pipeline, "probe", ("46.5.1.1",)) == {"DE"}, "places", every_seconds=0.5)
    assert _come(shared_pipeline, website_id, ("46.5.1.1", "46.5.2.1", "49.224.1.1")) == {"DE", "NZ"}
    page.goto(f"{origin}/#/site/{website_id}?period=24h")
    tile = page.get_by_role("button", name="Germany: 2 visitors, 66.67 %")
    expect(tile).to_be_visible()
    expect(page.get_by_role("button", name="New Zealand: 1 visitors")).to_be_visible()
    tile.press("Enter")

    expect(page.locator(".chip").first).to_have_text("Country is DE ×")
    expect(page.locator(".main .figure").first).to_have_text("2")
    page.locator(".chip").first.click()
    places = page.locator("section[aria-label=Places]")
    for level, key in (("Regions", "name"), ("Cities", "city")):
        places.get_by_role("button", name=level).click()
        told = shared_pipeline.read(f"analytics/geo/{website_id}/{level.lower()}", query="period=24h").body["data"]
        lines = [f"{_FLAGS[row['country']]} {row[key]}" for row in told]
        expect(places.locator("li .name")).to_have_text(lines)
        assert [row["unique_visitors"] for row in told] == [2, 1]
    places.locator("li .name", has_text="Auckland").click()
    expect(page.locator(".chip").first).to_have_text("City is Auckland ×")
    expect(page.locator(".main .figure").first).to_have_text("1")
    # The licence of the data asks for it.
    credit = page.get_by_role("link", name="IP Geolocation by DB-IP")
    expect(credit).to_have_attribute("href", "https://db-ip.com")


def _put_geo(directory: Path) -> None:
    """A geo database with two networks, where the worker looks for one."""
    directory.mkdir()
    writer = MMDBWriter(database_type="city ipv4")
    for network, country, region, city in (
        ("46.5.0.0/16", "DE", "BE", "Berlin"),
        ("49.224.0.0/16", "NZ", "AUK", "Auckland"),
    ):
        place = {"iso_code": country}, [{"iso_code": region}], {"names": {"en": city}}
        writer.insert_network(IPSet([network]), dict(zip(("country", "subdivisions", "city"), place, strict=True)))
    writer.to_db_file(str(directory / "new"))
    (directory / "new").rename(directory / "cities.mmdb")


def _come(pipeline: Pipeline, website_id: str, addresses: Sequence[str]) -> set[str]:
    """Let a visitor come from each address; gives the countries that are known of all who came so far."""
    pipeline.call("POST", "websites", {"id": website_id})
    # Others each time: a visit is where it began.
    events = [
        {"website_id": website_id, "visitor_id": f"visitor {next(_VISITORS)}", "page": "/", "ip_address": address}
        for address in addresses
    ]
    assert pipeline.send(events, pipeline.import_headers()).body["accepted"] == len(addresses)
    pipeline.wait_consumed()
    told = pipeline.read(f"analytics/{website_id}/top-countries", query="period=24h").body["data"]
    return {row["country"] for row in told if row["country"]}
