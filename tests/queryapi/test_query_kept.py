"""Answers to free queries that are kept: one for each question, and never one for another."""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from tests.queryapi.funnel_client import serving
from tests.queryapi.rig import SITE, Hit, at, store, vector

QUERY = "/api/v2/query"
OTHER = "another"
Sent = Mapping[str, Any]
# Two days that are over, and whose sessions are: it is the tenth.
BASE: Sent = {
    "website_id": SITE,
    "metrics": ["page_views", "sessions"],
    "dimensions": ["time:day"],
    "filters": [["is", "device", ["desktop"]]],
    "date_range": ["2026-03-02", "2026-03-03"],
}
GERMANY = ["is", "country", ["DE"]]
# What is sent in place of BASE or beside it: every field of the body, and every part of one.
OTHERS: dict[str, Sent] = {
    "website_id": {"website_id": OTHER},
    "metrics": {"metrics": ["page_views"]},
    "metrics in another order": {"metrics": ["sessions", "page_views"]},
    "dimensions": {"dimensions": ["country"]},
    "no dimensions": {"dimensions": []},
    "length of a bucket": {"dimensions": ["time:hour"]},
    "no filters": {"filters": []},
    "value of a filter": {"filters": [["is", "device", ["mobile"]]]},
    "operator": {"filters": [["is_not", "device", ["desktop"]]]},
    "dimension of a filter": {"filters": [["is", "browser", ["desktop"]]]},
    "case of a filter": {"filters": [["is", "device", ["desktop"], {"case_sensitive": False}]]},
    "filters joined by and": {"filters": [["and", [["is", "device", ["desktop"]], GERMANY]]]},
    "filters joined by or": {"filters": [["or", [["is", "device", ["desktop"]], GERMANY]]]},
    "has done": {"filters": [["has_done", ["is", "device", ["desktop"]]]]},
    "date_range": {"date_range": ["2026-03-02", "2026-03-02"]},
    "days": {"date_range": None, "days": 9},
    "period": {"date_range": "7d"},
    "timezone": {"timezone": "Asia/Tokyo"},
    "order_by": {"order_by": [["sessions", "desc"]]},
    "direction": {"order_by": [["sessions", "asc"]]},
    "totals": {"include": {"totals": True}},
    "total_rows": {"include": {"total_rows": True}},
    "time_labels": {"include": {"time_labels": True}},
    "bots": {"include": {"bots": True}},
    "compare": {"include": {"compare": "previous"}},
    "compare and weekday": {"include": {"compare": "previous", "match_day_of_week": True}},
    "compare_date_range": {"include": {"compare": "custom", "compare_date_range": ["2026-02-01", "2026-02-02"]}},
    "limit": {"pagination": {"limit": 1}},
    "offset": {"pagination": {"offset": 1}},
}
# The same question in other words.
SAME: dict[str, Sent] = {
    "again": {},
    "the website's own zone": {"timezone": "UTC"},
    "no comparison": {"include": {"compare": "none"}},
    "everything off": {"include": {"totals": False, "bots": False}, "segment": None, "days": None},
    "what is so anyway": {"pagination": {"limit": 1000, "offset": 0}},
}


async def is_kept(client: httpx.AsyncClient, sent: Sent) -> bool:
    answer = await client.post(QUERY, json=dict(sent))
    assert answer.status_code == 200, answer.text
    return answer.json()["meta"]["source"] == "cache"


@pytest.mark.rule("R71")
async def test_every_field_of_a_query_makes_another_question(database: str) -> None:
    store(database, [*vector(), Hit(at=at("10:00:00"), website_id=OTHER, visitor="o", session="o")])

    async with serving(database) as client:
        segment = (
            await client.post(f"/api/v1/websites/{SITE}/segments", json={"name": "Germans", "filters": [GERMANY]})
        ).json()
        others = {**OTHERS, "segment": {"segment": segment["id"]}}
        first = await is_kept(client, BASE)
        same = {name: await is_kept(client, {**BASE, **sent}) for name, sent in SAME.items()}
        anew = {name: await is_kept(client, {**BASE, **sent}) for name, sent in others.items()}
        again = {name: await is_kept(client, {**BASE, **sent}) for name, sent in others.items()}

    assert not first
    assert same == dict.fromkeys(SAME, True)
    assert anew == dict.fromkeys(others, False)
    assert again == dict.fromkeys(others, True)


@pytest.mark.rule("R71")
async def test_one_population_in_other_words_is_told_the_same(database: str) -> None:
    """Not kept together, but equal."""
    store(database, vector())
    split = {**BASE, "dimensions": ["source"], "order_by": [["page_views", "desc"]]}
    spelled: tuple[Sent, ...] = (
        {"filters": [["is", "device", ["desktop"]], ["is", "page", ["/a", "/b"]]]},
        {"filters": [["is", "page", ["/b", "/a"]], ["is", "device", ["desktop"]]]},
        {"filters": [["and", [["is", "page", ["/a", "/b"]], ["is", "device", ["desktop"]]]]]},
        {"filters": [["is", "device", ["desktop"]], ["or", [["is", "page", ["/a"]], ["is", "page", ["/b"]]]]]},
        {"filters": [["not", ["is_not", "device", ["desktop"]]], ["matches", "page", ["^/[ab]$"]]]},
        {"filters": [["is", "device", ["desktop"]], ["is", "page", ["/A", "/B"], {"case_sensitive": False}]]},
        {"filters": [["is", "device", ["desktop"]]] * 2 + [["is", "page", ["/a", "/b"]]]},
    )

    async with serving(database) as client:
        bodies = [(await client.post(QUERY, json={**split, **sent})).json() for sent in spelled]

    assert bodies[0]["data"]
    assert [body["data"] for body in bodies] == [bodies[0]["data"]] * len(spelled)


async def test_a_delimiter_in_a_value_is_no_delimiter_of_a_key(database: str) -> None:
    """Row G90 of the hostile inputs: `a,b` is one value, `a` and `b` are two."""
    store(database, vector())
    queries = [[["is", "page", values]] for values in (["/a,/b"], ["/a", "/b"], ["/a', '/b"], ['/a", "/b'])]
    reports = ("page=/a,/b", "page=/a&page=/b", "page=/a%27,%20%27/b", "page=/a%22,%22/b")
    pages = f"/api/v1/analytics/dashboard/{SITE}/pages?from=2026-03-02&to=2026-03-03&"

    async with serving(database) as client:
        kept = [await is_kept(client, {**BASE, "filters": filters}) for filters in queries]
        shown = [(await client.get(pages + query)).json()["meta"]["source"] for query in reports]

    assert kept == [False] * len(queries)
    assert "cache" not in shown
