"""Importing beside workers that go on counting: no event twice, and no live session broken."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest

from tests.queryapi.funnel_client import register, serving
from tests.queryapi.moving import export_pages, import_pages, rows_of, send
from tests.queryapi.rig import NOW, SITE, Hit, store
from tests.worker.given import event, open_bench

ELSEWHERE = "old-site"
MINUTE = timedelta(minutes=1)


def uuid7(moment: datetime) -> UUID:
    return UUID(int=int(moment.timestamp() * 1000) << 80 | 7 << 76 | 2 << 62 | uuid4().int >> 80)


@pytest.mark.rule("R57")
@pytest.mark.parametrize("event_id", [uuid7(NOW - 5 * MINUTE), uuid4()], ids=["uuid7", "other"])
@pytest.mark.parametrize("first", ["import", "retry"])
async def test_a_client_s_retry_around_a_move_counts_once(database: str, event_id: UUID, first: str) -> None:
    sent_at, retried_at = NOW - 5 * MINUTE, NOW - MINUTE
    store(database, [Hit(website_id=ELSEWHERE, at=sent_at, own={"id": event_id})])
    added: list[tuple[int, int]] = []

    async with serving(database) as client:
        pages = await export_pages(client, ELSEWHERE)
        for step in (first, "retry" if first == "import" else "import"):
            if step == "import":
                added.append(await import_pages(client, SITE, pages))
                continue
            with open_bench(database) as bench:
                bench.write([event(retried_at, website_id=SITE, id=event_id, is_client_id=True)])

    assert added == [(1, 0) if first == "import" else (0, 1)]
    assert [row["id"] for row in rows_of(database, SITE)] == [str(event_id)]


@pytest.mark.rule("N6")
async def test_what_was_purged_can_be_imported_again(database: str) -> None:
    register(database, SITE)
    with open_bench(database) as bench:
        ids = [uuid7(NOW - 5 * MINUTE), uuid4()]
        bench.write([event(NOW - 5 * MINUTE, website_id=SITE, id=one, is_client_id=True) for one in ids])
    before = rows_of(database, SITE)

    async with serving(database) as client:
        pages = await export_pages(client, SITE)
        ends = {"from": "2026-03-10", "to": "2026-03-10"}
        await client.post(f"/api/v1/websites/{SITE}/purge", json={**ends, "dry_run": False})
        assert rows_of(database, SITE) == []
        added = await import_pages(client, SITE, pages)

    assert (added, rows_of(database, SITE)) == ((2, 0), before)


@pytest.mark.rule("R16")
@pytest.mark.parametrize("is_restarted", [False, True], ids=["same worker", "another worker"])
async def test_an_import_of_the_last_minutes_leaves_a_live_session_whole(database: str, is_restarted: bool) -> None:
    register(database, SITE)
    store(
        database,
        [Hit(website_id=ELSEWHERE, at=NOW - minutes * MINUTE, visitor="v", session="old") for minutes in (35, 20, 9)],
    )

    with open_bench(database) as bench:
        bench.write([event(NOW - 10 * MINUTE, website_id=SITE)])
        live = rows_of(database, SITE)[0]["session_hash"]
        async with serving(database) as client:
            pages = await export_pages(client, ELSEWHERE)
            await import_pages(client, SITE, pages)
        if not is_restarted:
            bench.write([event(NOW - 8 * MINUTE, website_id=SITE)])
    if is_restarted:
        with open_bench(database) as bench:
            bench.write([event(NOW - 8 * MINUTE, website_id=SITE)])
    with open_bench(database) as bench:
        # Late, and before the live session began: it joins the one that was open then.
        bench.write([event(NOW - 19 * MINUTE, website_id=SITE)], received_at=NOW)
        bench.assert_canonical()

    sessions = [row["session_hash"] for row in rows_of(database, SITE)]
    moved = sessions[0]
    assert sessions == [moved, moved, moved, live, moved, live]


async def test_a_page_in_hand_is_refused_when_the_website_is_not_there(database: str) -> None:
    store(database, [Hit(at=NOW - MINUTE, website_id=ELSEWHERE)])

    async with serving(database) as client:
        (page,) = await export_pages(client, ELSEWHERE)
        answer = await send(client, "nowhere", page)

    assert (answer.status_code, answer.json()["code"]) == (404, "website_not_found")
