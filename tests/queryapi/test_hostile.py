"""Rows of the table of hostile inputs that one query string does not hold: websites, cursors, spellings, crowds.

Where the answer is another than the table's, SPEC decided, and it stands beside the case.
"""

import asyncio
from typing import Any
from urllib.parse import unquote

import httpx
import psycopg
import pytest

from shared.tokens import make_token
from tests.queryapi.funnel_client import bearer, register, serving
from tests.queryapi.rig import NOW, SITE, Hit, Reply, at, call, running, settings_for, store, vector

DASHBOARD = f"/api/v1/analytics/dashboard/{SITE}"
PAGES = f"{DASHBOARD}/pages"
RECENT = f"/api/v1/events/{SITE}/recent"
QUERY = "/api/v2/query"
DAYS = "from=2026-03-02&to=2026-03-03"
SHAPE = {"error", "code", "details", "request_id"}
AUSTRIA = {"country": "AT", "city": "Bad Ischl"}

# What stands in the path in place of the website's id, as a server tells it: decoded.
STRANGERS = {
    "C81 another tenant's": "theirs",
    "C81 nobody's": "nobody",
    "C83 an escaped slash": unquote("site%2F..%2Fsite-123"),
    "C83 parents": "..",
    "C83 no UTF-8": unquote("%ff"),
    "C83 a zero": "site-123\0",
    "C83 5000 characters": "s" * 5000,
    "C85 in capitals": "SITE-123",
    "a blank at its end": "site-123 ",
    "a quote": "site-123' OR '1'='1",
}

# Query strings that are refused: report, query, status, code, and what `details` name.
REFUSED: dict[str, tuple[str, str, str, str | None]] = {
    "C35 cursor of 10 KB": (RECENT, f"cursor={'A' * 10_240}", "invalid_parameter", "cursor"),
    "C35 cursor of 2 KB": (RECENT, f"cursor={'A' * 2048}", "invalid_cursor", "cursor"),
    # Reports have no parameter `dimension`; a query has a field, and a quoted name is unknown there too.
    "C49 quoted dimension": (DASHBOARD, "dimension=%22country%22", "unknown_parameter", "dimension"),
    # One syntax only: `country=ES`, or `filters=`.
    "G2 brackets": (DASHBOARD, "filter[country]=ES", "unknown_parameter", "filter[country]"),
    "G2 filter": (DASHBOARD, "filter=country:ES", "unknown_parameter", "filter"),
}


@pytest.mark.rule("R63")
@pytest.mark.parametrize("website_id", STRANGERS.values(), ids=STRANGERS)
async def test_a_website_that_is_not_the_asker_s_is_one_that_is_not_there(database: str, website_id: str) -> None:
    store(database, vector())
    register(database, "theirs")
    settings = settings_for(database)
    token = make_token(settings, lambda: NOW, role="viewer", websites=(SITE,))
    headers = {"authorization": f"Bearer {token}"}

    async with running(settings) as api:
        known = await call(api.app, "/api/v1/analytics/nobody/dashboard", "", headers)
        reply = await call(api.app, f"/api/v1/analytics/{website_id}/dashboard", "", headers)

    # A slash makes it another path, which nothing answers: no website either.
    expected = "not_found" if "/" in website_id else "website_not_found"
    assert (reply.status, reply.body["code"], reply.body.keys()) == (404, expected, SHAPE)
    if expected == known.body["code"]:
        assert {**reply.body, "request_id": ""} == {**known.body, "request_id": ""}


@pytest.mark.rule("R64")
@pytest.mark.parametrize(("path", "query", "code", "name"), REFUSED.values(), ids=REFUSED)
async def test_what_is_no_parameter_is_refused_by_name(
    database: str, path: str, query: str, code: str, name: str | None
) -> None:
    store(database, vector())

    async with running(settings_for(database)) as api:
        reply = await api.get(path, query)

    assert (reply.status, reply.body["code"], reply.body["details"]) == (400, code, {"parameter": name})
    assert reply.body.keys() == SHAPE


async def test_c33_a_cursor_of_another_website_is_none(database: str) -> None:
    store(database, vector())
    store(database, [Hit(at=at("10:00:00"), website_id="theirs", visitor=f"o{n}", session=f"o{n}") for n in range(3)])

    async with running(settings_for(database)) as api:
        theirs = await api.get("/api/v1/events/theirs/recent", f"{DAYS}&limit=1")
        reply = await api.get(RECENT, f"{DAYS}&limit=1&cursor={theirs.body['next_cursor']}")

    assert (reply.status, reply.body["code"], reply.body.keys()) == (400, "invalid_cursor", SHAPE)


async def test_c75_a_plus_is_a_blank_as_its_escape_is(database: str) -> None:
    store(database, [*vector(), Hit(at=at("12:00:00"), visitor="a", session="a", attributes=AUSTRIA)])

    async with running(settings_for(database)) as api:
        views = [
            (await api.read(f"dashboard/{SITE}", f"{DAYS}&compare=none&city={city}"))["metrics"]["page_views"]
            for city in ("Bad+Ischl", "Bad%20Ischl", "Bad%2BIschl")
        ]

    assert views == [1, 1, 0]


async def test_g88_equal_filters_of_two_websites_are_two_questions(database: str) -> None:
    store(database, vector())
    store(database, [Hit(at=at("10:00:00"), website_id="theirs", visitor="o", session="o", page="/a")])
    filters = 'filters=[["is","page",["/a"]]]'
    query = {"metrics": ["page_views"], "date_range": ["2026-03-02", "2026-03-03"], "filters": [["is", "page", ["/a"]]]}

    async with serving(database) as client:
        for _ in range(2):
            for website_id, views in ((SITE, 3), ("theirs", 1)):
                shown = (await client.get(f"/api/v1/analytics/dashboard/{website_id}?{DAYS}&{filters}")).json()
                found = (await client.post(QUERY, json={**query, "website_id": website_id})).json()

                assert (shown["metrics"]["page_views"], found["data"][0]["metrics"]) == (views, {"page_views": views})


# The table has 429. Reads have no rate: what is bounded is how many of one token are under way (issue 3, 7), and the
# next is 503 `too_many_reports` with Retry-After.
CROWDS: dict[str, list[str]] = {
    "C87 realtime": [f"/api/v1/analytics/{SITE}/realtime?country={n % 26 + 65:c}{n // 26 + 65:c}" for n in range(100)],
    "G92 filters": [f"{PAGES}?{DAYS}&page=/{n}" for n in range(100)],
}


@pytest.mark.rule("R68")
@pytest.mark.parametrize("urls", CROWDS.values(), ids=CROWDS)
async def test_a_crowd_of_one_token_is_told_to_wait_and_nobody_else_is(database: str, urls: list[str]) -> None:
    store(database, vector())
    other = bearer(database, "viewer", (SITE,))

    async with serving(database, MAX_DB_CONNECTIONS="6", MAX_REPORTS_PER_TOKEN="2") as client:
        crowd = [asyncio.create_task(client.get(url)) for url in urls]
        await asyncio.sleep(0)
        calm = await client.get(f"{DASHBOARD}?{DAYS}", headers=other)
        replies = await asyncio.gather(*crowd)

    refused = [reply for reply in replies if reply.status_code != 200]
    assert calm.status_code == 200
    assert refused, "nobody had to wait"
    assert {_refusal(reply) for reply in refused} == {(503, "too_many_reports", "5", True)}


def _refusal(reply: httpx.Response) -> tuple[int, str, str, bool]:
    body: dict[str, Any] = reply.json()
    return reply.status_code, body["code"], reply.headers["retry-after"], body.keys() == SHAPE


async def test_a83_the_names_of_events_are_no_index_that_could_fill(database: str) -> None:
    """The table has the 10 001st name stored as `(other)`. Names stand on the raw rows alone, which are kept as they
    came (SPEC R1), and a report shows a page of them."""
    store(database, [Hit(at=at("10:00:00"), visitor="v", session="s")])
    many = 10_001
    with psycopg.connect(database) as connection:
        connection.execute(
            "INSERT INTO events SELECT (e).* FROM (SELECT jsonb_populate_record(events, jsonb_build_object("
            "'id', gen_random_uuid(), 'event_type', 'name-' || n)) AS e FROM events, generate_series(1, %s) n) made",
            (many,),
        )

    async with running(settings_for(database)) as api:
        listed = await api.get(f"/api/v1/events/{SITE}/custom-events", f"{DAYS}&limit=1000")
        last: Reply = await api.get(f"/api/v1/events/{SITE}/custom-events", f"{DAYS}&limit=10&offset={many - 1}")

    assert (listed.body["total"], len(listed.body["data"]), len(last.body["data"])) == (many, 1000, 1)
