"""Goals: defined over HTTP, counted over the events of any range."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from tests.queryapi.funnel_client import bearer, register, serving
from tests.queryapi.rig import DAY, SITE, Hit, at, running, settings_for, store

GOALS = f"/api/v1/websites/{SITE}/goals"
REPORT = f"/api/v1/analytics/{SITE}/goals"
DAY_1 = {"from": "2026-03-02", "to": "2026-03-02"}
PRO = {"name": "Pro", "event_type": "purchase", "properties": {"plan": "pro"}}
DOCS = {"name": "Docs", "page": "/docs/**"}


def visits() -> list[Hit]:
    """Anna reads two documents and buys twice, Bert reads one, Carl looks at the front page; a robot buys."""
    earned = {"revenue_currency": "EUR", "revenue_amount": Decimal("19.90")}
    bought = Hit(
        at=at("10:02:00"), visitor="anna", session="anna", event_type="purchase", own=earned, properties={"plan": "pro"}
    )
    return [
        Hit(at=at("10:00:00"), visitor="anna", session="anna", page="/docs/a"),
        Hit(at=at("10:01:00"), visitor="anna", session="anna", page="/docs/b/c"),
        bought,
        replace(bought, at=at("10:03:00")),
        Hit(at=at("10:04:00"), visitor="anna", session="anna", event_type="purchase", properties={"plan": "free"}),
        Hit(at=at("11:00:00"), visitor="bert", session="bert", page="/docs/a", attributes={"country": "DE"}),
        Hit(at=at("12:00:00"), visitor="carl", session="carl", page="/"),
        Hit(at=at("12:00:00"), visitor="bot", session="bot", page="/docs/a", is_bot=True),
        Hit(at=at("23:59:00", -1), visitor="dora", session="dora", page="/docs/a"),
    ]  # fmt: skip


@pytest.mark.rule("R33")
@pytest.mark.rule("R73")
async def test_goals_are_counted_over_events_of_before_they_were_made(database: str) -> None:
    store(database, visits())

    async with serving(database) as client:
        for goal in (PRO, DOCS, {"name": "Never", "event_type": "never"}):
            assert (await client.post(GOALS, json=goal)).status_code == 201
        everybody = (await client.get(REPORT, params=DAY_1)).json()
        germans = (await client.get(REPORT, params=DAY_1 | {"country": "DE"})).json()
        buyers = (await client.get(REPORT, params=DAY_1 | {"event_type": "purchase"})).json()

    assert [
        (
            row["name"],
            row["events"],
            row["unique_visitors"],
            row["sessions"],
            row["conversion_rate"],
            row.get("revenue"),
        )
        for row in everybody["data"]
    ] == [
        ("Docs", 3, 2, 2, 66.67, None),
        ("Pro", 2, 1, 1, 33.33, {"EUR": "39.80"}),
        ("Never", 0, 0, 0, 0.0, None),
    ]
    rates = {row["name"]: row["conversion_rate"] for row in germans["data"]}
    assert rates == {"Docs": 100.0, "Never": 0.0, "Pro": 0.0}
    rates = {row["name"]: row["conversion_rate"] for row in buyers["data"]}
    assert rates == {"Docs": 100.0, "Never": 0.0, "Pro": 100.0}
    assert everybody["meta"]["source"] == "raw"


@pytest.mark.rule("R73")
async def test_goals_are_met_from_the_first_instant_of_a_range_to_before_its_end(database: str) -> None:
    instant, day = timedelta(microseconds=1), timedelta(days=1)
    moments = {"before": DAY - instant, "first": DAY, "last": DAY + day - instant, "at the end": DAY + day}
    store(database, [Hit(at=moment, visitor=name, session=name) for name, moment in moments.items()])

    async with serving(database) as client:
        await client.post(GOALS, json={"name": "A", "page": "/a"})
        told = (await client.get(REPORT, params=DAY_1)).json()["data"]

    assert [(row["events"], row["unique_visitors"], row["sessions"]) for row in told] == [(2, 2, 2)]


async def test_a_goal_is_made_listed_replaced_and_deleted(database: str) -> None:
    register(database, SITE)

    async with serving(database) as client:
        made = await client.post(GOALS, json=PRO)
        path = made.headers["location"]
        replaced = await client.put(path, json=made.json() | {"name": "Professional"})
        listed = (await client.get(GOALS)).json()
        deleted = [(await client.delete(path)).status_code for _ in range(2)]
        gone = await client.put(path, json=PRO)
        nothing = (await client.get(REPORT)).json()

    assert replaced.json() == made.json() | {"name": "Professional"}
    assert (listed["data"], listed["total"]) == ([replaced.json()], 1)
    assert deleted == [204, 404]
    assert (gone.status_code, gone.json()["code"]) == (404, "goal_not_found")
    assert (nothing["data"], nothing["total"]) == ([], 0)


async def test_names_are_taken_once_and_goals_are_limited(database: str) -> None:
    register(database, SITE)

    async with serving(database) as client:
        first = (await client.post(GOALS, json=PRO)).json()
        again = await client.post(GOALS, json=PRO)
        for number in range(99):
            assert (await client.post(GOALS, json={"name": f"{number}", "page": "/a"})).status_code == 201
        one_more = await client.post(GOALS, json=DOCS)
        renamed = await client.put(f"{GOALS}/{first['id']}", json=DOCS | {"name": "7"})

    for taken in (again, renamed):
        assert (taken.status_code, taken.json()["code"]) == (409, "name_taken")
        assert taken.json()["details"] == {"field": "name"}
    assert (one_more.status_code, one_more.json()["code"]) == (409, "too_many_goals")


@pytest.mark.parametrize(
    ("goal", "field"),
    [
        ({"name": "all"}, "page"),
        ({"name": "all", "page": "/**"}, "page"),
        ({"name": "x", "page": "/a", "pages": 1}, "pages"),
        ({"name": "x", "event_type": "engagement"}, "event_type"),
        ({"name": "x" * 201, "page": "/a"}, "name"),
        ({"name": "x", "event_type": "a", "properties": {"k": []}}, "properties.k"),
    ],
)
async def test_what_is_no_goal_is_refused_by_field(database: str, goal: dict[str, object], field: str) -> None:
    register(database, SITE)

    async with serving(database) as client:
        answer = await client.post(GOALS, json=goal)

    assert (answer.status_code, answer.json()["details"]["field"]) == (422, field)


@pytest.mark.rule("G17")
async def test_goals_are_for_those_who_may(database: str) -> None:
    register(database, SITE)

    async with running(settings_for(database)) as api:
        anonymous = await api.get(GOALS, headers={})
        listed = await api.get(GOALS, headers=bearer(database, "viewer", (SITE,)))
        foreign = await api.get(GOALS, headers=bearer(database, "viewer", ("other",)))
    async with serving(database) as client:
        made = (await client.post(GOALS, json=PRO)).json()
        viewer = await client.post(GOALS, json=DOCS, headers=bearer(database, "viewer", (SITE,)))
        editor = await client.post(GOALS, json=DOCS, headers=bearer(database, "editor", (SITE,)))
        other = bearer(database, "editor", ("other",))
        stolen = await client.delete(f"{GOALS}/{made['id']}", headers=other)
        unknown = [(await client.delete(f"{GOALS}/{goal}")).status_code for goal in (uuid4(), "x")]

    assert (anonymous.status, listed.status, foreign.status) == (401, 200, 404)
    assert (viewer.status_code, editor.status_code, stolen.status_code) == (403, 201, 404)
    assert unknown == [404, 404]
