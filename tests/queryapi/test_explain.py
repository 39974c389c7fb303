"""Whoever runs the website can see how a number came about."""

from datetime import timedelta

import psycopg
import pytest

from queryapi.definitions import DEFINITIONS
from queryapi.explain import MAX_SHOWN_ELEMENTS
from queryapi.routes import REPORTS
from shared.tokens import ROLE_SCOPES
from tests.queryapi.funnel_client import A_TO_B, FUNNELS, serving
from tests.queryapi.rig import NOW, SITE, Hit, at, refresh, running, settings_for, store, vector
from tests.queryapi.test_http import bearer

DASHBOARD = f"/api/v1/analytics/dashboard/{SITE}"
QUERY = "/api/v2/query"
MARCH = "from=2026-03-01&to=2026-03-09"


@pytest.mark.parametrize("is_rolled_up", [False, True], ids=["dirty", "rolled up"])
async def test_an_explained_answer_tells_where_its_rows_were_read(database: str, is_rolled_up: bool) -> None:
    store(database, vector())
    if is_rolled_up:
        refresh(database)

    async with running(settings_for(database)) as api:
        plain = await api.get(DASHBOARD, MARCH)
        explained = await api.get(DASHBOARD, f"{MARCH}&explain=true")

    explain = explained.body["explain"]
    totals = next(one for one in explain["statements"] if "session_facts_between" in one["sql"])
    sources = {relation["source"] for relation in totals["relations"] if relation["rows_read"]}
    assert {**explained.body, "explain": None} == {**plain.body, "explain": None}
    assert explained.headers["cache-control"] == "private, max-age=0"
    assert SITE in totals["values"].values()
    assert SITE not in totals["sql"]
    assert totals["rows"] == 1
    assert totals["milliseconds"] > 0
    assert sources - {"other"} == ({"aggregate"} if is_rolled_up else {"raw"})
    assert totals["rows_read"] == sum(relation["rows_read"] for relation in totals["relations"])
    names = {relation["name"] for one in explain["statements"] for relation in one["relations"]}
    assert names <= {
        "events", "rollup_sessions", "rollup_site", "rollup_visits", "rollup_values", "rollup_returns", "rollup_zones",
        "rollup_dirty", "dropped_days",
    }  # fmt: skip


@pytest.mark.parametrize(
    "asked",
    [f"dashboard/{SITE}/sources", f"geo/{SITE}/countries", f"geo/{SITE}/cities", f"{SITE}/top-os"],
)
async def test_a_list_of_whole_days_costs_what_it_shows(database: str, asked: str) -> None:
    store(database, vector())
    refresh(database)

    async with running(settings_for(database)) as api:
        explain = (await api.get(f"/api/v1/analytics/{asked}", f"{MARCH}&explain=true")).body["explain"]

    read = {relation["name"] for one in explain["statements"] for relation in one["relations"] if relation["rows_read"]}
    assert read & {"events", "rollup_sessions"} == set()
    assert "rollup_values" in read


async def test_every_number_of_an_explained_answer_is_defined(database: str) -> None:
    store(database, vector())

    async with running(settings_for(database)) as api:
        body = (await api.get(DASHBOARD, f"{MARCH}&explain=true")).body

    assert set(body["metrics"]) <= body["explain"]["definitions"].keys() <= DEFINITIONS.keys()
    assert body["explain"]["definitions"]["bounce_rate"]["rule"] == "R23"


async def test_every_report_explains_itself(database: str) -> None:
    store(database, [*vector(), Hit(at=NOW - timedelta(seconds=60), session="now", visitor="now")])

    async with running(settings_for(database)) as api:
        for path, _ in REPORTS:
            reply = await api.get(path.format(website_id=SITE), "explain=true")
            assert reply.status == 200, (path, reply.payload)
            assert reply.body["explain"]["statements"], path


@pytest.mark.rule("N3")
async def test_a_query_explains_itself(database: str) -> None:
    store(database, vector())
    asked = {"website_id": SITE, "metrics": ["bounce_rate"], "dimensions": ["source"]}
    asked |= {"date_range": ["2026-03-01", "2026-03-09"]}

    async with serving(database) as client:
        plain = (await client.post(QUERY, json=asked)).json()
        explained = await client.post(f"{QUERY}?explain=true", json=asked)
        refused = await client.post(f"{QUERY}?explain=true", json=asked, headers=bearer(role="viewer"))
        wrong = await client.post(f"{QUERY}?explain=1", json=asked)

    explain = explained.json()["explain"]
    assert {**explained.json(), "explain": None} == {**plain, "explain": None}
    assert explained.headers["cache-control"] == "private, max-age=0"
    assert explain["definitions"]["bounce_rate"]["rule"] == "R23"
    assert any(one["rows"] == len(plain["data"]) and SITE in one["values"].values() for one in explain["statements"])
    assert (refused.status_code, refused.json()["error"]) == (403, "explain: the scope manage is required")
    assert (wrong.status_code, wrong.json()["details"]) == (400, {"parameter": "explain"})


async def test_a_funnel_explains_itself_without_thousands_of_values(database: str) -> None:
    # Each session spans midnight, so that its two visitor ids are linked and bound.
    walks = range(MAX_SHOWN_ELEMENTS)
    store(
        database,
        [Hit(at=at("23:50:00"), visitor=f"v{number}", session=f"s{number}", page="/a") for number in walks]
        + [Hit(at=at("00:05:00", 1), visitor=f"w{number}", session=f"s{number}", page="/b") for number in walks],
    )

    async with serving(database) as client:
        funnel = (await client.post(FUNNELS, json={**A_TO_B, "scope": "visitor"})).json()
        body = (await client.get(f"{FUNNELS}/{funnel['id']}/performance?{MARCH}&explain=true")).json()

    values = [value for one in body["explain"]["statements"] for value in one["values"].values()]
    long = {(value["elements"], len(value["first"])) for value in values if "elements" in str(value)}
    assert body["completed"] == MAX_SHOWN_ELEMENTS
    assert long == {(2 * MAX_SHOWN_ELEMENTS, MAX_SHOWN_ELEMENTS)}


@pytest.mark.rule("R63")
async def test_only_who_manages_websites_sees_statements(database: str) -> None:
    store(database, vector())
    others = sorted(role for role, scopes in ROLE_SCOPES.items() if "manage" not in scopes)

    async with running(settings_for(database)) as api:
        for role in others:
            reply = await api.get(DASHBOARD, "explain=true", bearer(role=role))
            assert (reply.status, reply.body["error"]) == (403, "explain: the scope manage is required")
        plain = await api.get(DASHBOARD, "explain=false", bearer(role="viewer"))
        wrong = await api.get(DASHBOARD, "explain=1")

    assert others
    assert plain.status == 200 and "explain" not in plain.body
    assert (wrong.status, wrong.body["details"]) == (400, {"parameter": "explain"})


@pytest.mark.rule("R63")
async def test_a_public_website_is_explained_to_its_owner_alone(database: str) -> None:
    store(database, vector())
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE websites SET is_public = true")

    async with running(settings_for(database)) as api:
        shown = await api.get(DASHBOARD, headers={})
        nobody = await api.get(DASHBOARD, "explain=true", headers={})
        other = await api.get(DASHBOARD, "explain=true", bearer(role="owner", websites=["another"]))

    assert (shown.status, nobody.status, other.status) == (200, 403, 404)
