"""Events are purged by range and filters: counted first, removed when that is asked for."""

import psycopg
import pytest

from tests.queryapi.funnel_client import bearer, serving
from tests.queryapi.rig import SITE, Hit, at, refresh, store, vector
from tests.sql.facts import differences, dirty_rows

PURGE = f"/api/v1/websites/{SITE}/purge"
DASHBOARD = f"/api/v1/analytics/dashboard/{SITE}"
DAY = {"from": "2026-03-02", "to": "2026-03-02"}

REFUSED: dict[str, tuple[dict[str, object], int, str]] = {
    "no end": ({"to": None}, 422, "missing_field"),
    "an end of another type": ({"to": 7}, 422, "invalid_type"),
    "no date": ({"from": "yesterday"}, 400, "invalid_date"),
    "ends the wrong way round": ({"from": "2026-03-03"}, 400, "invalid_range"),
    "dry run as text": ({"dry_run": "false"}, 422, "invalid_type"),
    "unknown field": ({"dryrun": False}, 422, "unknown_field"),
    "unknown dimension": ({"filters": [["is", "colour", ["red"]]]}, 400, "unknown_dimension"),
    "unknown operator": ({"filters": [["was", "page", ["/a"]]]}, 400, "unknown_operator"),
    "no values": ({"filters": [["is", "page", []]]}, 400, "invalid_filter"),
    "values as text": ({"filters": [["is", "page", "/a"]]}, 400, "invalid_type"),
    "no pattern": ({"filters": [["matches", "page", ["("]]]}, 400, "invalid_pattern"),
    "filters as an object": ({"filters": {"page": "/a"}}, 400, "invalid_type"),
}


@pytest.mark.rule("N6")
async def test_a_dry_run_counts_and_removes_nothing(database: str) -> None:
    store(database, vector())
    refresh(database)

    async with serving(database) as client:
        told = (await client.post(PURGE, json=DAY)).json()
        also = (await client.post(PURGE, json={**DAY, "dry_run": True, "filters": [["is", "page", ["/b"]]]})).json()

    counts = {name: told[name] for name in ("website_id", "date_range", "dry_run", "events", "sessions", "visitors")}
    assert counts == {
        "website_id": SITE,
        "date_range": "2026-03-02..2026-03-02",
        "dry_run": True,
        "events": 7,
        "sessions": 4,
        "visitors": 3,
    }
    assert (also["events"], also["sessions"], also["visitors"]) == (1, 1, 1)
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM events").fetchone() == (8,)
        assert connection.execute("SELECT count(*) FROM event_removals").fetchone() == (0,)
        assert dirty_rows(connection) == 0


@pytest.mark.rule("N6")
async def test_what_a_dry_run_counted_is_what_a_purge_removes(database: str) -> None:
    store(database, [*vector(), Hit(at=at("10:00:00"), website_id="other"), Hit(at=at("09:00:00"), is_bot=True)])
    refresh(database)
    asked = {**DAY, "filters": [["is", "page", ["/a"]]]}

    async with serving(database) as client:
        told = (await client.post(PURGE, json={**asked, "dry_run": True})).json()
        done = (await client.post(PURGE, json={**asked, "dry_run": False})).json()
        nothing = (await client.post(PURGE, json={**asked, "dry_run": False})).json()
        metrics = (await client.get(DASHBOARD, params=DAY)).json()["metrics"]
    with psycopg.connect(database) as connection:
        left = connection.execute("SELECT DISTINCT page FROM events WHERE website_id = %s", (SITE,)).fetchall()
        other = connection.execute("SELECT count(*) FROM events WHERE website_id = 'other'").fetchone()
        wrong = differences(connection)

    # A robot's event as well.
    assert (told["events"], done["events"], nothing["events"]) == (4, 4, 0)
    assert {name: done[name] for name in ("sessions", "visitors")} == {
        name: told[name] for name in ("sessions", "visitors")
    }
    # Time on a page is no visit of it, and stays.
    assert (sorted(left), other, wrong) == ([("/a",), ("/b",), ("/c",)], (1,), [])
    assert (metrics["page_views"], metrics["sessions"], metrics["avg_session_time"]) == (2, 2, 900)


@pytest.mark.rule("N6")
@pytest.mark.rule("R36")
async def test_a_purge_of_moments_takes_the_first_and_leaves_the_last(database: str) -> None:
    store(database, [Hit(at=at(f"10:0{minute}:00"), page=f"/{minute}") for minute in range(4)])
    asked = {"from": "2026-03-02T10:01:00Z", "to": "2026-03-02T10:03:00Z", "dry_run": False}

    async with serving(database) as client:
        await client.post(PURGE, json=asked)
    with psycopg.connect(database) as connection:
        left = connection.execute("SELECT page FROM events ORDER BY page").fetchall()

    assert left == [("/0",), ("/3",)]


@pytest.mark.rule("N6")
async def test_what_picks_a_session_is_judged_before_anything_goes(database: str) -> None:
    store(database, [Hit(at=at(f"10:{minute:02}:00"), page=page) for minute, page in enumerate(("/a", "/b", "/c"))])
    asked = {**DAY, "dry_run": False, "filters": [["is", "exit_page", ["/c"]], ["is", "entry_page", ["/a"]]]}

    async with serving(database) as client:
        done = (await client.post(PURGE, json=asked)).json()

    assert done["events"] == 3


@pytest.mark.rule("N6")
@pytest.mark.rule("R42")
async def test_days_without_raw_events_are_said_to_stay(database: str) -> None:
    store(database, vector())
    refresh(database)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CALL keep_house(8)")

    async with serving(database) as client:
        done = (await client.post(PURGE, json={**DAY, "dry_run": False})).json()
        metrics = (await client.get(DASHBOARD, params=DAY)).json()["metrics"]

    assert (done["events"], done["meta"]["warnings"]) == (0, ["out_of_retention"])
    assert metrics["page_views"] == 5


@pytest.mark.rule("N6")
@pytest.mark.rule("R68")
async def test_what_is_no_purge_removes_nothing(database: str) -> None:
    store(database, vector())

    async with serving(database) as client:
        for name, (changed, status, code) in REFUSED.items():
            answer = await client.post(PURGE, json={**DAY, "dry_run": False, **changed})
            assert (answer.status_code, answer.json()["code"]) == (status, code), name
        sent = {**DAY, "dry_run": False}
        others = [
            await client.post(PURGE, json=sent, headers=bearer(database, "editor", (SITE,))),
            await client.post(PURGE, json=sent, headers=bearer(database, "owner", ("other",))),
            await client.post(PURGE, json=sent, headers={"authorization": ""}),
            await client.post(PURGE, json=sent, params={"dry_run": "false"}),
            await client.get(PURGE),
        ]

    assert [answer.status_code for answer in others] == [403, 404, 401, 400, 405]
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM events").fetchone() == (8,)


@pytest.mark.rule("N6")
async def test_more_than_may_be_purged_at_once_is_refused(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store(database, vector())
    monkeypatch.setattr("queryapi.purge.MAX_PURGED_EVENTS", 6)

    async with serving(database) as client:
        refused = await client.post(PURGE, json={**DAY, "dry_run": False})
        taken = await client.post(
            PURGE, json={"from": "2026-03-02", "to": "2026-03-02", "filters": [["is", "page", ["/a"]]]}
        )
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM event_removals").fetchone() == (0,)

    assert (refused.status_code, refused.json()["code"], refused.json()["details"]["limit"]) == (
        422,
        "too_many_events",
        6,
    )
    assert taken.status_code == 200


@pytest.mark.rule("N6")
async def test_a_long_purge_goes_in_short_transactions(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store(database, vector())
    refresh(database)
    monkeypatch.setattr("queryapi.removal.MOST_AT_ONCE", 1)

    async with serving(database) as client:
        done = (await client.post(PURGE, json={"from": "2026-03-02", "to": "2026-03-02", "dry_run": False})).json()
    with psycopg.connect(database) as connection:
        left = connection.execute("SELECT page, session_started_at FROM events").fetchall()
        wrong = differences(connection)

    assert (done["events"], left, wrong) == (7, [("/b", at("00:10:00", 1))], [])
