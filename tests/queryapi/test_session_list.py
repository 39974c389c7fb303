"""Single sessions: measured whole, listed where they began, page by page."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.hashes import digest64
from shared.tokens import make_token
from tests.queryapi.rig import NOW, SITE, Api, Hit, at, refresh, running, settings_for, store, vector

PATH = f"/api/v1/analytics/{SITE}/sessions"
DAY_1 = "from=2026-03-02&to=2026-03-02"


async def walk(api: Api, query: str) -> list[dict[str, Any]]:
    """The rows of all pages, in order."""
    found: list[dict[str, Any]] = []
    cursor = ""
    for _ in range(60):
        reply = await api.get(PATH, f"{query}{cursor}")
        assert reply.status == 200, reply.payload
        found += reply.body["data"]
        if reply.body["next_cursor"] is None:
            return found
        cursor = f"&cursor={reply.body['next_cursor']}"
    raise AssertionError("the pages have no end")


@pytest.mark.rule("N4")
@pytest.mark.rule("R20")
@pytest.mark.rule("R25")
@pytest.mark.parametrize("is_refreshed", [False, True])
async def test_sessions_are_listed_whole_where_they_began(database: str, is_refreshed: bool) -> None:
    store(database, vector())
    if is_refreshed:
        refresh(database)

    async with running(settings_for(database)) as api:
        rows = (await api.get(PATH, DAY_1)).body["data"]
        second_day = (await api.get(PATH, "from=2026-03-03&to=2026-03-03")).body["data"]

    shown = [
        (row["started_at"][11:16], row["duration"], row["page_views"], row["entry_page"], row["exit_page"])
        for row in rows
    ]
    assert sorted(shown[2:]) == [("10:00", 16, 1, "/a", "/a"), ("10:00", 2099, 3, "/a", "/c")]
    assert shown[:2] == [("23:50", 1200, 2, "/a", "/b"), ("11:05", 0, 0, None, None)]
    assert second_day == []
    whole = next(row for row in rows if row["page_views"] == 3)
    assert (whole["source"], whole["channel"], whole["device"]) == ("Google", "Organic Search", "desktop")
    assert (whole["is_bounce"], whole["events"], rows[0]["source"]) == (False, 0, "Direct / None")
    assert (len({row["id"] for row in rows}), len({row["visitor"] for row in rows})) == (4, 3)


@pytest.mark.rule("N4")
@pytest.mark.parametrize("limit", [1, 4, 7, 50])
async def test_pages_of_sessions_give_each_once(database: str, limit: int) -> None:
    """Some begin at one instant, some after weeks of nothing."""
    starts = [at("10:00:00", -day) for day in (0, 0, 0, 1, 9, 9, 40, 200)] + [NOW, NOW - timedelta(minutes=1)]
    store(database, [Hit(at=start, visitor=f"v{n}", session=f"s{n}") for n, start in enumerate(starts)])

    async with running(settings_for(database)) as api:
        rows = await walk(api, f"days=365&limit={limit}")

    assert [row["started_at"] for row in rows] == [
        start.isoformat().replace("+00:00", "Z") for start in sorted(starts, reverse=True)
    ]
    assert len({row["id"] for row in rows}) == len(starts)


@pytest.mark.rule("R34")
@pytest.mark.parametrize(
    "query", ["page=/b", "event_type=signup", "source=Google", "entry_page=/a", "include_bots=true", "country=DE"]
)
async def test_as_many_sessions_are_listed_as_the_dashboard_counts(database: str, query: str) -> None:
    robot = Hit(at=at("12:00:00"), visitor="bot", session="bot", is_bot=True)
    store(database, [*vector(), robot])

    async with running(settings_for(database)) as api:
        rows = await walk(api, f"{DAY_1}&{query}&limit=2")
        metrics = (await api.read(f"dashboard/{SITE}", f"{DAY_1}&{query}"))["metrics"]

    assert len(rows) == metrics["sessions"]
    assert sum(row["is_bounce"] for row in rows) * 100 == pytest.approx(metrics["bounce_rate"] * len(rows), abs=1)


@pytest.mark.rule("C33")
@pytest.mark.rule("R63")
async def test_sessions_need_their_scope_and_their_own_cursor(database: str) -> None:
    store(database, vector())

    async with running(settings_for(database)) as api:
        viewer = replace(api, token=make_token(api.settings, lambda: NOW, role="viewer", websites=None))
        refused = await viewer.get(PATH, DAY_1)
        of_events = (await api.get(f"/api/v1/events/{SITE}/recent", f"{DAY_1}&limit=1")).body["next_cursor"]
        foreign = await api.get(PATH, f"{DAY_1}&cursor={of_events}")
        none = (await api.get(PATH, "from=2025-03-02&to=2025-03-02")).body

    assert (refused.status, foreign.status, foreign.body["code"]) == (403, 400, "invalid_cursor")
    assert (none["data"], none["next_cursor"]) == ([], None)


@pytest.mark.rule("R12")
@pytest.mark.parametrize("ids", [("v1", "v2"), ("v2", "v1")])
@pytest.mark.parametrize("later", [timedelta(minutes=1), timedelta(minutes=20)], ids=["one bucket", "two buckets"])
async def test_a_session_is_shown_as_of_whom_it_began_with(
    database: str, ids: tuple[str, str], later: timedelta
) -> None:
    hits = [Hit(at=at("10:00:00") + place * later, visitor=visitor) for place, visitor in enumerate(ids)]
    store(database, hits)

    async with running(settings_for(database)) as api:
        (row,) = (await api.get(PATH, DAY_1)).body["data"]

    assert row["visitor"] == f"{digest64(SITE, ids[0]) % 2**64:016x}"
