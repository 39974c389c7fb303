"""Free queries over HTTP: what they are refused for, whom they are for, and what they include."""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from tests.queryapi.funnel_client import bearer, serving
from tests.queryapi.rig import NOW, SITE, store, vector

QUERY = "/api/v2/query"
Sent = Mapping[str, object]
DAY_1: Sent = {"website_id": SITE, "metrics": ["page_views"], "date_range": ["2026-03-02", "2026-03-02"]}

# What is sent in place of DAY_1, or beside it; status, code and field of the answer.
REFUSED: dict[str, tuple[Sent, int, str, str]] = {
    "no website": ({"website_id": None}, 400, "missing_field", "website_id"),
    "website of another type": ({"website_id": 1}, 400, "invalid_type", "website_id"),
    "unknown field": ({"site_id": SITE}, 400, "unknown_field", "site_id"),
    "no metrics": ({"metrics": None}, 400, "missing_field", "metrics"),
    "no metric": ({"metrics": []}, 400, "missing_field", "metrics"),
    "metrics as text": ({"metrics": "page_views"}, 400, "invalid_type", "metrics"),
    "unknown metric": ({"metrics": ["page_views", "visits"]}, 400, "unknown_metric", "metrics[1]"),
    "metric twice": ({"metrics": ["events", "events"]}, 400, "invalid_value", "metrics"),
    "too many metrics": ({"metrics": ["events"] * 200}, 400, "invalid_value", "metrics"),
    "metric of another type": ({"metrics": [{}]}, 400, "invalid_type", "metrics[0]"),
    "unknown dimension": ({"dimensions": ["contry"]}, 400, "unknown_dimension", "dimensions[0]"),
    "quoted dimension": ({"dimensions": ['"country"']}, 400, "unknown_dimension", "dimensions[0]"),
    "dimension as SQL": ({"dimensions": ["properties->>a"]}, 400, "unknown_dimension", "dimensions[0]"),
    "property without key": ({"dimensions": ["prop:"]}, 400, "unknown_dimension", "dimensions[0]"),
    "property key too long": ({"dimensions": ["prop:" + "k" * 129]}, 400, "unknown_dimension", "dimensions[0]"),
    "unknown time": ({"dimensions": ["time:minute"]}, 400, "unknown_dimension", "dimensions[0]"),
    "time twice": ({"dimensions": ["time:day", "time:hour"]}, 400, "invalid_value", "dimensions"),
    "too many dimensions": (
        {"dimensions": ["country", "city", "os", "page", "browser"]}, 400, "too_many_dimensions", "dimensions",
    ),
    "too many buckets": (
        {"dimensions": ["time:15m"], "date_range": ["2024-01-01", "2024-12-31"]}, 400, "too_many_buckets", "dimensions",
    ),
    "unknown operator": ({"filters": [["like", "page", ["/a"]]]}, 400, "unknown_operator", "filters[0][0]"),
    "filters of another type": ({"filters": "country"}, 400, "invalid_type", "filters"),
    "pattern not balanced": ({"filters": [["matches", "page", ["(a"]]]}, 400, "invalid_pattern", "filters"),
    "unknown period": ({"date_range": "fortnight"}, 400, "invalid_parameter", "date_range"),
    "one end": ({"date_range": ["2026-03-02"]}, 400, "invalid_type", "date_range"),
    "no such day": ({"date_range": ["2026-02-30", "2026-03-02"]}, 400, "invalid_date", "date_range[0]"),
    "two ranges": ({"days": 7}, 400, "conflicting_parameters", "days"),
    "days as text": ({"date_range": None, "days": "7"}, 400, "invalid_value", "days"),
    "days beyond the limit": ({"date_range": None, "days": 3661}, 400, "invalid_value", "days"),
    "unknown zone": ({"timezone": "Mars/X"}, 400, "invalid_timezone", "timezone"),
    "order by what is not there": ({"order_by": [["events", "asc"]]}, 400, "invalid_value", "order_by[0][0]"),
    "order of no direction": ({"order_by": [["page_views", "up"]]}, 400, "invalid_value", "order_by[0][1]"),
    "order as text": ({"order_by": "page_views"}, 400, "invalid_type", "order_by"),
    "limit 0": ({"pagination": {"limit": 0}}, 400, "invalid_value", "pagination.limit"),
    "limit beyond": ({"pagination": {"limit": 10_001}}, 400, "invalid_value", "pagination.limit"),
    "offset beyond": ({"pagination": {"offset": 1_000_001}}, 400, "invalid_value", "pagination.offset"),
    "unknown include": ({"include": {"imports": True}}, 400, "unknown_field", "include.imports"),
    "include of another type": ({"include": {"bots": 1}}, 400, "invalid_type", "include.bots"),
    "unknown comparison": ({"include": {"compare": "best"}}, 400, "invalid_parameter", "include.compare"),
    "comparison without its range": (
        {"include": {"compare": "custom"}}, 400, "incomplete_range", "include.compare_date_range[0]",
    ),
    "rate of no goal": ({"metrics": ["conversion_rate"]}, 422, "impossible_combination", "metrics"),
    "comparison of rows": (
        {"dimensions": ["os"], "include": {"compare": "previous"}}, 422, "impossible_combination", "include.compare",
    ),
    "labels of no time": ({"include": {"time_labels": True}}, 422, "impossible_combination", "include.time_labels"),
}  # fmt: skip


@pytest.mark.rule("N3")
@pytest.mark.rule("R68")
async def test_what_a_query_cannot_be_is_refused_by_its_field(database: str) -> None:
    store(database, vector())

    async with serving(database) as client:
        for name, (change, status, code, field) in REFUSED.items():
            reply = await client.post(QUERY, json={**DAY_1, **change})
            assert (reply.status_code, reply.json()["code"]) == (status, code), (name, reply.text)
            assert reply.json()["details"]["field"] == field, (name, reply.text)
            assert reply.json()["error"].startswith(f"{field}:"), (name, reply.text)
        good = await client.post(QUERY, json=DAY_1)

    assert good.json()["data"] == [{"dimensions": {}, "metrics": {"page_views": 5}}]


@pytest.mark.rule("N3")
@pytest.mark.rule("R63")
async def test_a_query_needs_a_token_of_the_website(database: str) -> None:
    store(database, vector())

    async with serving(database) as client:
        none = await client.post(QUERY, json=DAY_1, headers={"authorization": ""})
        other = await client.post(QUERY, json=DAY_1, headers=bearer(database, "viewer", ("other",)))
        unknown = await client.post(QUERY, json={**DAY_1, "website_id": "nobody"})
        own = await client.post(QUERY, json=DAY_1, headers=bearer(database, "viewer", (SITE,)))
        form = await client.post(QUERY, content="{}", headers={"content-type": "text/plain"})
        parameter = await client.post(f"{QUERY}?days=7", json=DAY_1)
        read = await client.get(QUERY)

    assert [reply.status_code for reply in (none, other, unknown, own, form, parameter, read)] == [
        401, 404, 404, 200, 415, 400, 405,
    ]  # fmt: skip
    assert {**other.json(), "request_id": ""} == {**unknown.json(), "request_id": ""}


@pytest.mark.rule("R33")
@pytest.mark.rule("R39")
async def test_a_query_has_what_it_includes(database: str) -> None:
    store(database, vector())
    hours = {"metrics": ["sessions", "unique_visitors"], "dimensions": ["time:hour"], "pagination": {"limit": 2}}
    included = {"total_rows": True, "totals": True, "time_labels": True}
    rates = {"metrics": ["conversion_rate", "percentage"], "dimensions": ["event_type"]}

    async with serving(database) as client:
        series = await ask(client, {**DAY_1, **hours, "include": included, "order_by": [["sessions", "desc"]]})
        rated = await ask(client, {**DAY_1, **rates})

    assert [row["dimensions"]["time:hour"] for row in series["data"]] == [
        "2026-03-02T10:00:00+00:00", "2026-03-02T11:00:00+00:00",
    ]  # fmt: skip
    assert (series["total"], series["totals"]) == (24, {"sessions": 4, "unique_visitors": 3})
    assert len(series["time_labels"]) == 24
    assert series["meta"]["generated_at"] == NOW.isoformat().replace("+00:00", "Z")
    assert [(row["dimensions"], row["metrics"]) for row in rated["data"]] == [
        ({"event_type": "pageview"}, {"conversion_rate": 100.0, "percentage": 100.0}),
        ({"event_type": "signup"}, {"conversion_rate": 33.33, "percentage": 33.33}),
    ]


async def ask(client: httpx.AsyncClient, sent: Sent) -> dict[str, Any]:
    reply = await client.post(QUERY, json=sent)
    assert reply.status_code == 200, reply.text
    return reply.json()
