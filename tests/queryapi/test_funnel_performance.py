"""Funnels measured over HTTP: the whole body, what a request may ask otherwise, what it is told."""

from datetime import timedelta

import psycopg
import pytest

from tests.queryapi.funnel_client import A_TO_B, CART_TO_PAID, FUNNELS, register, serving
from tests.queryapi.rig import SITE, Hit, at, store, vector

DAY_1 = "from=2026-03-02&to=2026-03-02"


@pytest.mark.rule("F2")
@pytest.mark.rule("G5")
async def test_performance_of_the_golden_vector(database: str) -> None:
    store(database, vector())

    async with serving(database) as client:
        path = (await client.post(FUNNELS, json=A_TO_B)).headers["location"]
        reply = await client.get(f"{path}/performance?{DAY_1}")

    body = reply.json()
    ids = [step.pop("id") for step in body["steps"]]
    assert len(set(ids)) == 2
    assert body.pop("meta") == {
        "generated_at": "2026-03-10T12:00:00Z",
        "visitors": "visitor_days",
        "source": "raw",
        "warnings": [],
        "final_after": "2026-03-04T00:00:00Z",
    }
    step = {"event_type": "pageview", "dropoff": 0, "dropoff_rate": 0.0}
    assert body == {
        "funnel_id": path.rpartition("/")[2],
        "website_id": SITE,
        "name": "A to B",
        "date_range": "2026-03-02..2026-03-02",
        "range": {
            "from": "2026-03-02T00:00:00+00:00",
            "to": "2026-03-03T00:00:00+00:00",
            "timezone": "UTC",
            "days": 1,
        },
        "scope": "session",
        "window_seconds": 86_400,
        "order": "ordered",
        "total_visitors": 4,
        "entered": 3,
        "never_entered": 1,
        "completed": 2,
        "conversion_rate": 66.67,
        "steps": [
            {
                **step,
                "order": 1,
                "name": "/a",
                "page": "/a",
                "visitors": 3,
                "conversion_rate": 100.0,
                "step_conversion_rate": 100.0,
                "avg_time_from_previous": None,
                "median_time_from_previous": None,
            },
            {
                **step,
                "order": 2,
                "name": "/b",
                "page": "/b",
                "visitors": 2,
                "dropoff": 1,
                "dropoff_rate": 33.33,
                "conversion_rate": 66.67,
                "step_conversion_rate": 66.67,
                "avg_time_from_previous": 750,
                "median_time_from_previous": 750,
            },
        ],
    }


@pytest.mark.rule("B18")
async def test_a_request_may_ask_otherwise_than_stored(database: str) -> None:
    store(database, vector())

    async with serving(database) as client:
        path = (await client.post(FUNNELS, json=A_TO_B)).headers["location"]
        asked = f"{DAY_1}&window=300&scope=visitor&order=strict&breakdown=source"
        body = (await client.get(f"{path}/performance?{asked}")).json()
        refused = [
            await client.get(f"{path}/performance?{wrong}")
            for wrong in ("days=0", "window=0", "window=2592001", "scope=x", "breakdown=page", "order=", "limit=3")
        ]

    assert (body["window_seconds"], body["scope"], body["order"]) == (300, "visitor", "strict")
    assert (body["total_visitors"], body["entered"], body["completed"]) == (3, 3, 1)
    assert [(group["value"], group["entered"], group["completed"]) for group in body["breakdown"]["data"]] == [
        ("Direct / None", 2, 0),
        ("Google", 1, 1),
    ]
    assert {reply.status_code for reply in refused} == {400}


@pytest.mark.rule("R69")
async def test_without_data_all_is_zero_and_says_why(database: str) -> None:
    register(database, SITE)

    async with serving(database) as client:
        path = (await client.post(FUNNELS, json=CART_TO_PAID)).headers["location"]
        body = (await client.get(f"{path}/performance")).json()

    assert (body["total_visitors"], body["entered"], body["completed"], body["conversion_rate"]) == (0, 0, 0, 0)
    assert [(step["visitors"], step["conversion_rate"]) for step in body["steps"]] == [(0, 0), (0, 0)]
    assert body["meta"]["warnings"] == ["step_matches_nothing:1", "step_matches_nothing:2"]


async def test_a_step_that_is_only_never_reached_is_no_warning(database: str) -> None:
    store(database, [Hit(at=at("10:00:00"), page="/b"), Hit(at=at("11:00:00"), page="/a")])

    async with serving(database) as client:
        path = (await client.post(FUNNELS, json=A_TO_B)).headers["location"]
        body = (await client.get(f"{path}/performance?{DAY_1}")).json()

    assert (body["entered"], body["completed"], body["meta"]["warnings"]) == (1, 0, [])


@pytest.mark.rule("R76")
async def test_numbers_are_final_when_the_window_of_the_range_is_over(database: str) -> None:
    store(database, vector())

    async with serving(database) as client:
        path = (await client.post(FUNNELS, json=A_TO_B)).headers["location"]
        reply = await client.get(f"{path}/performance?{DAY_1}&window={int(timedelta(days=8).total_seconds())}")

    # The range is long over, its window is not: the answer may still change.
    assert reply.json()["meta"]["final_after"] == "2026-03-11T00:00:00Z"
    assert reply.headers["cache-control"] == "private, max-age=5"


async def test_a_report_that_takes_too_long_is_given_up(database: str) -> None:
    store(database, vector())

    async with serving(database, STATEMENT_TIMEOUT="500ms") as client:
        path = (await client.post(FUNNELS, json=A_TO_B)).headers["location"]
        with psycopg.connect(database) as connection:
            connection.execute("LOCK TABLE events")
            reply = await client.get(f"{path}/performance?{DAY_1}")

    assert (reply.status_code, reply.json()["code"]) == (503, "query_timeout")
    assert int(reply.headers["retry-after"]) > 0


@pytest.mark.rule("R74")
@pytest.mark.parametrize(("clock", "ends"), [("10:06", "10:05|11:00"), ("10:16", "10:05|10:18")])
async def test_ids_of_one_session_are_one_person_at_either_end(database: str, clock: str, ends: str) -> None:
    """Where they are seen together in the first quarter of an hour, which the range cuts, or in the last, which the
    window does."""
    since, until = (f"2026-03-02T{one}:00Z" for one in ends.split("|"))
    store(
        database,
        [
            Hit(at=at(f"{clock}:00"), visitor="of yesterday", session="s"),
            Hit(at=at(f"{clock}:01"), visitor="of today", session="s", page="/b"),
        ],
    )

    async with serving(database) as client:
        path = (await client.post(FUNNELS, json={**A_TO_B, "scope": "visitor"})).headers["location"]
        body = (await client.get(f"{path}/performance?from={since}&to={until}&window=600")).json()

    assert (body["total_visitors"], body["entered"], body["completed"]) == (1, 1, 1)
