"""A free query is the model's, however it is split, and where a report asks the same the numbers are the same."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.model.asking import Asker, Body, Site
from tests.model.calendar import buckets
from tests.model.queries import by_dimensions
from tests.model.questions import Case, cases, examples

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")
METRICS = (
    "page_views", "events", "unique_visitors", "sessions", "bounce_rate", "avg_session_time", "pages_per_session",
    "avg_engaged_time", "engagement_rate", "percentage",
)  # fmt: skip
SPLITS = (
    ("country",),
    ("source", "browser"),
    ("entry_page",),
    ("exit_page", "device"),
    ("page",),
    ("event_type", "page"),
    ("prop:plan",),
    ("time:day", "country"),
    ("time:hour", "page"),
    ("page", "entry_page", "time:week", "channel"),
)


def body_of(case: Case) -> Body:
    """The population of the case as a query has it."""
    asked = dict(case.asked)
    picked = {**case.session_filters, **case.event_filters}
    short = [["is", name, list(values)] for name, values in picked.items()]
    body: dict[str, Any] = {"filters": [*short, *case.tree], "timezone": asked["timezone"]}
    if "days" in asked:
        body["days"] = int(str(asked["days"]))
    else:
        body["date_range"] = [asked["from"], asked["to"]]
    return body | {"include": {"bots": case.include_bots, "total_rows": True}}


@pytest.mark.rule("N3")
@pytest.mark.rule("R34")
@examples
@given(case=cases(), split=st.sampled_from(SPLITS))
def test_rows_of_any_split_equal_the_model(asker: Asker, case: Case, split: tuple[str, ...]) -> None:
    site, whole, question = case.site(asker), case.population(case.question), case.question
    until = min(question.until, max(case.now, question.since) + timedelta(microseconds=1))
    interval = next((name.partition(":")[2] for name in split if name.startswith("time")), "day")

    answer = site.query(body_of(case) | {"metrics": METRICS, "dimensions": split}, case.now)

    expected = by_dimensions(whole, split, buckets(question.since, until, interval, case.zone))
    rows = {tuple(item["dimensions"][name] for name in split): item["metrics"] for item in answer["data"]}
    assert rows == {key: {name: row[name] for name in METRICS} for key, row in expected.items()}
    assert answer["total"] == len(expected)
    views = [item["metrics"]["page_views"] for item in answer["data"]]
    assert views == sorted(views, reverse=True)
    _assert_parts_add_up(answer["data"], split, whole.metrics())


def _assert_parts_add_up(data: list[Body], split: Sequence[str], totals: Body) -> None:
    """Every page view is in one row; a session is, unless the rows are split by what it has many of."""
    assert sum(item["metrics"]["page_views"] for item in data) == totals["page_views"]
    if not any(name in {"page", "event_type"} or name.startswith("prop:") for name in split):
        assert sum(item["metrics"]["sessions"] for item in data) == totals["sessions"]


@pytest.mark.rule("N3")
@examples
@given(case=cases(), limit=st.integers(1, 3), offset=st.integers(0, 3), split=st.sampled_from(SPLITS))
def test_a_page_of_a_query_is_a_slice_of_all(
    asker: Asker, case: Case, limit: int, offset: int, split: tuple[str, ...]
) -> None:
    site = case.site(asker)
    asked = body_of(case) | {"metrics": ["sessions", "events"], "dimensions": split}
    asked["order_by"] = [["events", "asc"], [split[-1], "desc"]]

    everything = site.query(asked, case.now)
    page = site.query(asked | {"pagination": {"limit": limit, "offset": offset}}, case.now)

    assert page["data"] == everything["data"][offset : offset + limit]
    keys = [(item["metrics"]["events"]) for item in everything["data"]]
    assert keys == sorted(keys)


@pytest.mark.rule("N3")
@pytest.mark.rule("R39")
@examples
@given(case=cases(), interval=st.sampled_from(("15m", "hour", "day", "week", "month")))
def test_reports_and_queries_that_ask_the_same_agree(asker: Asker, case: Case, interval: str) -> None:
    site, body = case.site(asker), body_of(case)
    asked = case.asked | {"compare": "none"}

    _assert_totals_agree(site, case)
    series = site.ask("timeseries/{}", asked | {"interval": interval, "metrics": "page_views,sessions"}, case.now)
    own = site.query(body | {"metrics": ["page_views", "sessions"], "dimensions": [f"time:{interval}"]}, case.now)
    assert [
        {"time": item["dimensions"][f"time:{interval}"], **item["metrics"], "partial": item.get("partial")}
        for item in own["data"]
    ] == [
        {name: item.get(name) for name in ("time", "page_views", "sessions", "partial")} for item in series["data"]
    ]  # fmt: skip
    for path, name, key in (
        ("geo/{}/continents", "continent", "name"),
        ("dashboard/{}/sources", "source", "source"),
        ("{}/channels", "channel", "channel"),
        ("{}/top-browsers", "browser", "browser"),
        ("{}/top-os", "os", "os"),
        ("{}/top-devices", "device", "device"),
        ("{}/utm", "utm_source", "utm_source"),
    ):
        shown = site.ask(path, asked, case.now)["data"]
        split = body | {"metrics": ["unique_visitors", "sessions", "page_views", "percentage"], "dimensions": [name]}
        found = site.query(split, case.now)["data"]
        if path != "geo/{}/continents":
            assert [item["dimensions"][name] for item in found] == [item[key] for item in shown], path
        assert [item["metrics"] for item in found] == [
            {metric: item[metric] for metric in split["metrics"]} for item in shown
        ], path


def _assert_totals_agree(site: Site, case: Case) -> None:
    body, asked = body_of(case), case.asked
    shown = site.ask("dashboard/{}", asked, case.now)
    body["include"] = {**body["include"], "compare": "previous", "totals": True}

    found = site.query(body | {"metrics": list(shown["comparison"]["metrics"])}, case.now)

    row = found["data"][0]
    assert row["metrics"] == {name: shown["metrics"][name] for name in row["metrics"]}
    assert row["comparison"]["metrics"] == shown["comparison"]["metrics"]
    assert row["comparison"]["change"] == shown["comparison"]["change"]
    assert found["totals"] == row["metrics"]


@pytest.mark.rule("B13")
@examples
@given(case=cases())
def test_pages_and_custom_events_agree_with_queries(asker: Asker, case: Case) -> None:
    site, body = case.site(asker), body_of(case)
    views = ["is", "event_type", ["pageview"]]
    body["filters"] = [*body["filters"], views]
    asked = case.asked | {"event_type": "pageview"}
    if "event_type" not in case.event_filters:
        pages = site.ask("dashboard/{}/pages", asked, case.now)["data"]
        split = body | {"metrics": ["page_views", "unique_visitors", "sessions", "percentage"], "dimensions": ["page"]}
        found = site.query(split, case.now)["data"]
        assert {item["dimensions"]["page"]: item["metrics"] for item in found} == {
            item["page"]: {
                "page_views": item["views"], "unique_visitors": item["unique"],
                "sessions": item["sessions"], "percentage": item["percentage"],
            }
            for item in pages
        }  # fmt: skip
    body["filters"] = [*body["filters"][:-1], ["is_not", "event_type", ["pageview"]]]
    if "event_type" not in case.event_filters:
        shown = site.ask("/api/v1/events/{}/custom-events", case.asked, case.now)["data"]
        metrics = ["unique_visitors", "events", "sessions", "conversion_rate"]
        found = site.query(body | {"metrics": metrics, "dimensions": ["event_type"]}, case.now)["data"]
        assert [(item["dimensions"]["event_type"], item["metrics"]) for item in found] == [
            (item["event_type"], {name: item[name] for name in metrics}) for item in shown
        ]
