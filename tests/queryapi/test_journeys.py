"""Journeys: the ways of sessions through pages, counted once a session."""

import pytest

from tests.queryapi.rig import SITE, Hit, at, running, settings_for, store

DAY_1 = "from=2026-03-02&to=2026-03-02"
PATH = f"{SITE}/journeys"


def walks() -> list[Hit]:
    """Four sessions of the day: a-b-c-a, a-a-b (a reload), c alone, and one over midnight; one that began before."""
    ways = {"w1": "abca", "w2": "aab", "w3": "c"}
    hits = [
        Hit(at=at(f"10:{minute:02}:00"), visitor=session, session=session, page=f"/{page}")
        for session, way in ways.items()
        for minute, page in enumerate(way)
    ]
    return [
        *hits,
        Hit(at=at("10:01:30"), visitor="w1", session="w1", page="/z", event_type="signup"),
        Hit(at=at("23:55:00"), visitor="w4", session="w4", page="/a"),
        Hit(at=at("00:05:00", 1), visitor="w4", session="w4", page="/b"),
        Hit(at=at("23:55:00", -1), visitor="w5", session="w5", page="/a"),
        Hit(at=at("00:05:00"), visitor="w5", session="w5", page="/b"),
        Hit(at=at("12:00:00"), visitor="bot", session="bot", page="/a", is_bot=True),
    ]


@pytest.mark.rule("N4")
@pytest.mark.rule("R20")
@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("", [("/a /b", 2, 50.0), ("/a /b /c", 1, 25.0), ("/c", 1, 25.0)]),
        ("&steps=2", [("/a /b", 3, 75.0), ("/c", 1, 25.0)]),
        ("&steps=10", [("/a /b", 2, 50.0), ("/a /b /c /a", 1, 25.0), ("/c", 1, 25.0)]),
        ("&start=/b&steps=2", [("/b", 2, 66.67), ("/b /c", 1, 33.33)]),
        ("&end=/c&steps=2", [("/b /c", 1, 50.0), ("/c", 1, 50.0)]),
        ("&start=/nowhere", []),
        ("&event_type=signup", [("/a /b /c", 1, 100.0)]),
        ("&include_bots=true&steps=2", [("/a /b", 3, 60.0), ("/a", 1, 20.0), ("/c", 1, 20.0)]),
    ],
)
async def test_each_session_is_one_way(database: str, asked: str, expected: list[tuple[str, int, float]]) -> None:
    store(database, walks())

    async with running(settings_for(database)) as api:
        body = await api.read(PATH, DAY_1 + asked)

    assert [(" ".join(row["pages"]), row["sessions"], row["percentage"]) for row in body["data"]] == expected
    assert body["total"] == len(expected)
    assert body["sessions"] == sum(count for _, count, _ in expected)


@pytest.mark.rule("R65")
async def test_ways_come_page_by_page(database: str) -> None:
    store(database, walks())

    async with running(settings_for(database)) as api:
        body = await api.read(PATH, f"{DAY_1}&limit=1&offset=2")

    assert [row["pages"] for row in body["data"]] == [["/c"]]
    assert (body["total"], body["sessions"], body["limit"], body["offset"]) == (3, 4, 1, 2)


@pytest.mark.rule("R64")
@pytest.mark.parametrize(
    ("asked", "name"), [("steps=1", "steps"), ("steps=11", "steps"), ("start=/a&end=/b", "end"), ("sort=pages", "sort")]
)
async def test_what_makes_no_sense_is_refused_by_name(database: str, asked: str, name: str) -> None:
    store(database, [])

    async with running(settings_for(database)) as api:
        reply = await api.get(f"/api/v1/analytics/{PATH}", asked)

    assert (reply.status, reply.body["details"]["parameter"]) == (400, name)
