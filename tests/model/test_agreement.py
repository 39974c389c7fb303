"""Where a report and a free query ask the same, the numbers are the same, whatever is filtered (SPEC N3, R34).

Exits have no query of their own: a page is left where that happens (R29), a query counts sessions where they start
(R20). Web vitals, journeys, retention and funnels are no metrics of a query.
"""

from collections.abc import Callable, Hashable
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from queryapi.filters import MAX_FILTERS
from tests.model.asking import Asker, Body, Site
from tests.model.events import CUSTOM
from tests.model.filter_tree import Tree
from tests.model.questions import Case, body_of, cases, examples
from tests.model.test_custom_events import without_event_type

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")
SIX = ("page_views", "unique_visitors", "sessions", "bounce_rate", "avg_session_time", "pages_per_session")
LISTED = ("unique_visitors", "sessions", "page_views", "bounce_rate", "percentage")
NOT_SET = "(not set)"
CUSTOM_EVENTS = "/api/v1/events/{}/custom-events"
UTM = ("utm_source", "utm_medium", "utm_campaign")

# A report that is a list, its parameters, what names its rows, and the dimension of the query.
LISTS: tuple[tuple[str, dict[str, str], str, str], ...] = (
    ("dashboard/{}/sources", {}, "source", "source"),
    *(
        ("dashboard/{}/sources", {"group": group}, group, group)
        for group in ("channel", *UTM, "utm_term", "utm_content", "referrer")
    ),
    ("{}/channels", {}, "channel", "channel"),
    ("{}/utm", {"group": "utm_campaign"}, "utm_campaign", "utm_campaign"),
    ("geo/{}/countries", {}, "country", "country"),
    ("geo/{}/regions", {}, "region", "region"),
    ("geo/{}/continents", {}, "continent", "continent"),
    ("{}/top-countries", {}, "country", "country"),
    ("{}/top-browsers", {}, "browser", "browser"),
    ("{}/top-devices", {}, "device", "device"),
    ("{}/top-os", {}, "os", "os"),
)


@pytest.mark.rule("N3")
@pytest.mark.rule("R40")
@examples
@given(case=cases())
def test_totals_of_the_overview_are_those_of_a_query(asker: Asker, case: Case) -> None:
    site, body = case.site(asker), body_of(case)
    shown = site.ask("dashboard/{}", case.asked, case.now)
    body["include"] = {**body["include"], "compare": "previous", "totals": True}

    found = site.query(body | {"metrics": list(shown["comparison"]["metrics"])}, case.now)

    row = found["data"][0]
    assert row["metrics"] == {name: shown["metrics"][name] for name in row["metrics"]}
    assert row["comparison"]["metrics"] == shown["comparison"]["metrics"]
    assert row["comparison"]["change"] == shown["comparison"]["change"]
    assert found["totals"] == row["metrics"]


@pytest.mark.rule("N3")
@pytest.mark.rule("R39")
@examples
@given(case=cases(), interval=st.sampled_from(("15m", "hour", "day", "week", "month")))
def test_series_are_those_of_a_query_by_time(asker: Asker, case: Case, interval: str) -> None:
    site = case.site(asker)
    asked = case.asked | {"compare": "none"}
    for path, own, named, metrics in (
        ("timeseries/{}", {"interval": interval}, interval, ("page_views", "sessions")),
        ("timeseries/{}/hourly", {}, "hour", ("page_views", "unique_visitors", "sessions")),
        ("{}/daily-stats", {}, "day", SIX),
    ):
        picked = {"metrics": ",".join(metrics)} if path == "timeseries/{}" else {}

        series = site.ask(path, asked | own | picked, case.now)["data"]
        found = site.query(body_of(case) | {"metrics": metrics, "dimensions": [f"time:{named}"]}, case.now)["data"]

        assert [(item["dimensions"][f"time:{named}"], item["metrics"], item.get("partial")) for item in found] == [
            (item["time"], {name: item[name] for name in metrics}, item.get("partial")) for item in series
        ], path


@pytest.mark.rule("N3")
@pytest.mark.rule("R32")
@examples
@given(case=cases(), third=st.integers(0, 2))
def test_lists_are_those_of_a_query_by_one_dimension(asker: Asker, case: Case, third: int) -> None:
    site = case.site(asker)
    for path, asked, name, dimension in LISTS[third::3]:
        shown = site.ask(path, case.asked | asked, case.now)["data"]
        found = _rows(site, case, [dimension])

        # A list leaves a rate that is not defined out, and shows the code of what is not known as null.
        assert _told(found, lambda row, name=dimension: row["dimensions"][name], _metrics) == _told(
            shown, lambda row, name=name: row[name] or NOT_SET, _row
        ), path


@pytest.mark.rule("N3")
@examples
@given(case=cases())
def test_technology_and_cities_are_those_of_queries(asker: Asker, case: Case) -> None:
    site = case.site(asker)
    technology = site.ask("dashboard/{}/devices", case.asked, case.now)
    for group, name in (
        ("devices", "device"), ("browsers", "browser"), ("operating_systems", "os"), ("screens", "screen"),
    ):  # fmt: skip
        assert _told(_rows(site, case, [name]), lambda row, name=name: row["dimensions"][name], _metrics) == _told(
            technology[group], lambda row, name=name: row[name], _row
        )
    cities = site.ask("geo/{}/cities", case.asked, case.now)["data"]
    named = [row for row in _rows(site, case, ["city", "region", "country"]) if row["dimensions"]["city"] != NOT_SET]
    unknown = [row for row in _rows(site, case, ["city"]) if row["dimensions"]["city"] == NOT_SET]

    def place(row: Body) -> Hashable:
        known = row.get("dimensions", row)
        if known["city"] == NOT_SET:
            return NOT_SET
        return known["city"], known["region"] or NOT_SET, known["country"] or NOT_SET

    assert dict(_told([*named, *unknown], place, _metrics)) == dict(_told(cities, place, _row))


@pytest.mark.rule("N3")
@examples
@given(case=cases())
def test_referrers_are_those_of_a_query_of_the_referred(asker: Asker, case: Case) -> None:
    site = case.site(asker)
    referred: list[Tree] = [["is_not", "source", ["Direct / None"]], ["is_not", "referrer", [NOT_SET]]]
    assume(_leaves(body_of(case)["filters"]) + len(referred) <= MAX_FILTERS)
    for group, dimension in (("host", "referrer_host"), ("url", "referrer")):
        shown = site.ask("{}/top-referrers", case.asked | {"group": group}, case.now)["data"]
        found = _rows(site, case, [dimension], *referred)

        # The share of a list is of everybody, that of the query of the referred.
        assert [(row["dimensions"][dimension], _without_share(_metrics(row))) for row in found] == [
            (row["referrer"], _without_share(_row(row))) for row in shown
        ]


@pytest.mark.rule("N3")
@examples
@given(case=cases())
def test_campaigns_are_those_of_a_query_of_the_tagged(asker: Asker, case: Case) -> None:
    site = case.site(asker)
    tagged: Tree = ["or", [["is_not", name, [NOT_SET]] for name in (*UTM, "utm_term", "utm_content")]]
    assume(_leaves([*body_of(case)["filters"], tagged]) <= MAX_FILTERS)
    metrics = ("sessions", "unique_visitors", "page_views", "bounce_rate", "avg_session_time", "events")

    shown = site.ask("dashboard/{}", case.asked | {"compare": "none"}, case.now)["utm_performance"]
    found = site.query(_filtered(case, tagged) | {"metrics": metrics, "dimensions": UTM}, case.now)["data"]

    assert {tuple(row["dimensions"].values()): row["metrics"] for row in found} == {
        # What is not defined is 0 in a campaign, and null in the row of a query.
        tuple(row[name] or NOT_SET for name in UTM): {
            name: row[name] if name != "bounce_rate" or row["sessions"] else None for name in metrics
        }
        for row in shown
    }


@pytest.mark.rule("R24")
@examples
@given(case=cases(has_event_filters=False))
def test_entry_pages_are_those_of_a_query_by_entry_page(asker: Asker, case: Case) -> None:
    site = case.site(asker)

    shown = site.ask("{}/entry-pages", case.asked, case.now)["data"]
    found = _rows(site, case, ["entry_page"])

    assert {row["page"]: (row["entries"], row["bounce_rate"]) for row in shown} == {
        row["dimensions"]["entry_page"]: (row["metrics"]["sessions"], row["metrics"]["bounce_rate"])
        for row in found
        if row["dimensions"]["entry_page"] != NOT_SET and row["metrics"]["sessions"]
    }


@pytest.mark.rule("N3")
@examples
@given(case=cases().map(without_event_type))
def test_pages_are_those_of_a_query_of_page_views(asker: Asker, case: Case) -> None:
    site = case.site(asker)

    shown = site.ask("dashboard/{}/pages", case.asked | {"event_type": "pageview"}, case.now)["data"]
    found = _rows(site, case, ["page"], ["is", "event_type", ["pageview"]])

    assert {row["dimensions"]["page"]: tuple(row["metrics"][name] for name in LISTED if "rate" not in name)
            for row in found} == {
        row["page"]: (row["unique"], row["sessions"], row["views"], row["percentage"]) for row in shown
    }  # fmt: skip


@pytest.mark.rule("B13")
@pytest.mark.rule("R33")
@examples
@given(case=cases().map(without_event_type), event_type=st.sampled_from(CUSTOM))
def test_custom_events_are_those_of_a_query(asker: Asker, case: Case, event_type: str) -> None:
    site = case.site(asker)
    metrics = ("unique_visitors", "events", "sessions", "conversion_rate")
    for asked, name, dimension, picked in (
        ({}, "event_type", "event_type", ["is_not", "event_type", ["pageview"]]),
        ({"event_type": event_type, "prop": "plan"}, "value", "prop:plan", ["is", "event_type", [event_type]]),
    ):
        shown = site.ask(CUSTOM_EVENTS, case.asked | asked, case.now)["data"]
        body = _filtered(case, picked) | {"metrics": metrics, "dimensions": [dimension]}
        found = site.query(body, case.now)["data"]

        assert [(row["dimensions"][dimension], row["metrics"]) for row in found] == [
            (row[name], {metric: row[metric] for metric in metrics}) for row in shown
        ]


def _filtered(case: Case, *more: Tree) -> Body:
    body = body_of(case)
    return body | {"filters": [*body["filters"], *more]}


def _rows(site: Site, case: Case, dimensions: list[str], *more: Tree) -> list[Body]:
    asked = _filtered(case, *more) | {"metrics": LISTED, "dimensions": dimensions}
    found: list[Body] = site.query(asked, case.now)["data"]
    return found


def _told(rows: list[Body], name: Callable[[Body], Any], numbers: Callable[[Body], Body]) -> list[tuple[Any, Body]]:
    return [(name(row), {metric: numbers(row).get(metric) for metric in LISTED}) for row in rows]


def _metrics(row: Body) -> Body:
    return row["metrics"]


def _row(row: Body) -> Body:
    return {metric: row.get(metric) for metric in LISTED}


def _without_share(numbers: Body) -> Body:
    return {name: value for name, value in numbers.items() if name != "percentage"}


def _leaves(tree: Tree) -> int:
    """Conditions of a tree, or of a list of them, whatever groups they are in."""
    if tree and isinstance(tree[0], str):
        return 1 if len(tree) > 2 else _leaves(tree[1])
    return sum(_leaves(part) for part in tree)
