"""Every list of the query API is the model's: its rows, their columns, order, shares and number."""

from collections.abc import Callable, Hashable, Iterable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.model.asking import Asker, Body
from tests.model.model import Session
from tests.model.questions import Case, as_whole_days, cases, examples
from tests.model.reports import Row, by_page, by_session, sends_engagement

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")
NOT_SET, DIRECT = "(not set)", "Direct / None"
Key = Callable[[Session], Hashable]


def _named(name: str, unset: str | None = NOT_SET) -> Key:
    return lambda session: session.attribute(name) or unset


def _city(session: Session) -> str:
    city = session.attribute("city")
    if city is None:
        return _place(NOT_SET, None, None)
    return _place(city, session.attribute("region"), session.attribute("country"))


def _place(city: str, region: str | None, country: str | None) -> str:
    """Two cities of one name are two rows."""
    return f"{city}, {region}, {country}"


def _referrer_host(session: Session) -> Hashable:
    referrer = session.attribute("referrer")
    return referrer.split("/")[2] if referrer else None


LISTS: tuple[tuple[str, dict[str, str], Callable[[Body], Hashable], Key], ...] = (
    ("dashboard/{}/sources", {}, lambda item: item["source"], _named("source", DIRECT)),
    ("dashboard/{}/sources", {"group": "channel"}, lambda item: item["channel"], _named("channel")),
    ("dashboard/{}/sources", {"group": "utm_source"}, lambda item: item["utm_source"], _named("utm_source")),
    ("dashboard/{}/sources", {"group": "utm_campaign"}, lambda item: item["utm_campaign"], _named("utm_campaign")),
    ("geo/{}/countries", {}, lambda item: item["country"] or NOT_SET, _named("country")),
    ("geo/{}/continents", {}, lambda item: item["continent"] or NOT_SET, _named("continent")),
    ("geo/{}/regions", {}, lambda item: item["region"] or NOT_SET, _named("region")),
    ("geo/{}/cities", {}, lambda item: _place(item["city"], item["region"], item["country"]), _city),
    ("{}/top-browsers", {}, lambda item: item["browser"], _named("browser")),
    ("{}/top-devices", {}, lambda item: item["device"], _named("device")),
    ("{}/top-os", {}, lambda item: item["os"], _named("os")),
    ("{}/top-referrers", {}, lambda item: item["referrer"], _referrer_host),
)


@pytest.mark.rule("R24")
@pytest.mark.rule("R32")
@examples
@given(case=cases())
def test_lists_equal_the_model(asker: Asker, case: Case) -> None:
    site, whole = case.site(asker), case.population(case.question)
    for path, asked, name, key in LISTS:
        answer = site.ask(path, case.asked | asked, case.now)

        expected = by_session(whole, key)
        rows = {name(item): _numbers(item) for item in answer["data"]}
        assert rows == {which: _shown(row, rows.get(which, {})) for which, row in expected.items()}, (path, asked)
        assert answer["total"] == len(expected)
        if "referrers" not in path:
            assert sum(item["sessions"] for item in answer["data"]) == len(whole.visits)
            assert sum(item["page_views"] for item in answer["data"]) == len(whole.views)
        _assert_ordered(answer["data"], "unique_visitors", name)


@pytest.mark.rule("R24")
@pytest.mark.rule("R37")
@examples
@given(case=cases(has_event_filters=False).map(as_whole_days), more=st.booleans())
def test_lists_counted_by_the_days_of_the_website_equal_the_model(asker: Asker, case: Case, more: bool) -> None:
    """What is not rolled up yet changes the counts; so does a session of yesterday, and a visitor of the day before."""
    site, whole = case.site(asker), case.population(case.question)
    if more:
        asker.refresh()
    for path, asked, name, key in LISTS:
        answer = site.ask(path, case.asked | asked, case.now)

        expected = by_session(whole, key)
        rows = {name(item): _numbers(item) for item in answer["data"]}
        assert rows == {which: _shown(row, rows.get(which, {})) for which, row in expected.items()}, (path, asked)


@pytest.mark.rule("R32")
@examples
@given(case=cases())
def test_technology_and_campaigns_equal_the_model(asker: Asker, case: Case) -> None:
    site, whole = case.site(asker), case.population(case.question)

    technology = site.ask("dashboard/{}/devices", case.asked, case.now)
    campaigns = site.ask("dashboard/{}", case.asked | {"compare": "none"}, case.now)["utm_performance"]

    for group, name in (
        ("devices", "device"),
        ("browsers", "browser"),
        ("operating_systems", "os"),
        ("screens", "screen"),
    ):
        expected = by_session(whole, _named(name))
        rows = {item[name]: _numbers(item) for item in technology[group]}
        assert rows == {which: _shown(row, rows.get(which, {})) for which, row in expected.items()}
        assert technology["totals"][group] == len(expected)
    parts = ("utm_source", "utm_medium", "utm_campaign")

    def campaign(session: Session) -> Hashable:
        values = tuple(session.attribute(part) for part in parts)
        return values if any(values) else None

    shown: dict[Hashable, Row] = {tuple(item[part] for part in parts): _numbers(item) for item in campaigns}
    assert shown == {which: _campaign_row(row) for which, row in by_session(whole, campaign).items()}
    sessions = [item["sessions"] for item in campaigns]
    assert sessions == sorted(sessions, reverse=True)


@pytest.mark.rule("R28")
@pytest.mark.rule("R29")
@pytest.mark.rule("R30")
@examples
@given(case=cases(has_event_filters=False))
def test_pages_equal_the_model(asker: Asker, case: Case) -> None:
    whole = case.population(case.question)
    is_engagement_sent = sends_engagement(case.events, case.question)

    answer = case.site(asker).ask("dashboard/{}/pages", case.asked, case.now)

    expected = by_page(whole, is_engagement_sent=is_engagement_sent)
    assert {item["page"]: _numbers(item) for item in answer["data"]} == expected
    _assert_ordered(answer["data"], "views", lambda item: item["page"])


@pytest.mark.rule("R65")
@examples
@given(case=cases(), limit=st.integers(1, 3), offset=st.integers(0, 4), is_descending=st.booleans())
def test_a_page_of_rows_is_a_slice_of_all(
    asker: Asker, case: Case, limit: int, offset: int, is_descending: bool
) -> None:
    site = case.site(asker)
    for path, sort in (
        ("dashboard/{}/pages", "exit_rate"),
        ("dashboard/{}/sources", "bounce_rate"),
        ("geo/{}/cities", "city"),
    ):
        asked = case.asked | {"sort": f"-{sort}" if is_descending else sort}

        everything = site.ask(path, asked, case.now)
        answer = site.ask(path, asked | {"limit": str(limit), "offset": str(offset)}, case.now)

        assert answer["data"] == everything["data"][offset : offset + limit]
        assert answer["total"] == everything["total"]


def _numbers(item: dict[str, Any]) -> Row:
    return {name: value for name, value in item.items() if isinstance(value, Decimal) and name != "city_geoname_id"}


def _shown(row: Row, shown: Iterable[str]) -> Row:
    """The columns that this list has; a bounce rate is left out only where it is not defined."""
    hidden = {"avg_session_time", "events"} - set(shown)
    return {name: value for name, value in row.items() if name not in hidden}


def _campaign_row(row: Row) -> Row:
    """Campaigns have no share, and 0 where nothing is defined."""
    return {"bounce_rate": Decimal(0)} | {name: value for name, value in row.items() if name != "percentage"}


def _assert_ordered(data: list[Body], metric: str, name: Callable[[Body], Hashable]) -> None:
    """Highest first, ties by name; the row of what is not known is last among its equals, and of two cities of
    one name either may stand first."""
    names = [str(name(item)).split(",")[0] for item in data]
    keys = [(-item[metric], which in {NOT_SET, DIRECT}, which) for item, which in zip(data, names, strict=True)]
    assert keys == sorted(keys)
