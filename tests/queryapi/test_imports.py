"""What was exported is taken in again: whole, once, and by the page."""

import asyncio
from dataclasses import replace

import psycopg
import pytest

from queryapi.imports import MOST_AT_ONCE
from tests.queryapi.funnel_client import bearer, register, serving
from tests.queryapi.moving import another_database, export_pages, import_pages, renamed, rows_of, send
from tests.queryapi.rig import SITE, Hit, at, refresh, store, vector
from tests.queryapi.stored_text import pack
from tests.services import Servers
from tests.sql.facts import differences

OTHER = "other-site"
DASHBOARD = "/api/v1/analytics/dashboard/{}"
DAYS = {"from": "2026-03-02", "to": "2026-03-03"}
PROPERTIES = {"plan": "-pro", "seats": 9007199254740993, "ratio": 1.10, "none": None, "": ""}
OWN = {
    "title": '=1+1,"a"\r\n\u4e2d',
    "bot_reasons": ["ua", "=x", ""],
    "bot_category": "tool",
    "revenue_amount": "-123456789012345.6700",
    "revenue_currency": "EUR",
    "user_agent": "'",
    "is_new_user": False,
    "received_at": at("10:00:03.000"),
    "performance": '{"lcp": 2500.50}',
    "scroll_depth": 100,
}


def everything() -> list[Hit]:
    """The site of SPEC 4.13, and an event with something in every column that events have of their own."""
    return [*vector(), Hit(at=at("10:00:00", 2), session="h", is_bot=True, page="@a'", own=OWN, properties=PROPERTIES)]


@pytest.mark.rule("N5")
@pytest.mark.parametrize("form", ["ndjson", "csv"])
@pytest.mark.parametrize("is_packed", [False, True], ids=["plain", "gzip"])
async def test_every_column_is_restored(
    database: str, servers: Servers, flavour: str, form: str, is_packed: bool
) -> None:
    store(database, everything())
    async with serving(database) as client:
        pages = await export_pages(client, SITE, form)

    with another_database(servers, flavour) as fresh:
        for name in (SITE, OTHER):
            register(fresh, name)
        async with serving(fresh) as client:
            done = [await import_pages(client, name, pages, form, is_packed=is_packed) for name in (SITE, OTHER)]
            again = await export_pages(client, SITE, form)
        found = [rows_of(fresh, name) for name in (SITE, OTHER)]

    rows = rows_of(database, SITE)
    assert done == [(9, 0), (9, 0)]
    assert found == [rows, renamed(rows, OTHER)]
    assert again == pages


@pytest.mark.rule("N5")
async def test_an_interrupted_import_goes_on_and_a_second_one_adds_nothing(database: str) -> None:
    store(database, everything())
    register(database, OTHER)
    refresh(database)

    async with serving(database) as client:
        pages = await export_pages(client, SITE)
        csv_pages = await export_pages(client, SITE, "csv", limit=4)
        begun = await import_pages(client, OTHER, pages[:2])
        whole = await import_pages(client, OTHER, pages)
        by_other_form = await import_pages(client, OTHER, csv_pages, "csv")
        where_it_came_from = await import_pages(client, SITE, pages)
    pack(database)
    async with serving(database) as client:
        once_more = await import_pages(client, OTHER, pages)

    assert (begun, whole) == ((6, 0), (3, 6))
    assert (by_other_form, where_it_came_from, once_more) == ((0, 9), (0, 9), (0, 9))
    with psycopg.connect(database) as connection:
        assert differences(connection) == []


@pytest.mark.rule("N5")
async def test_numbers_are_those_of_both_where_other_events_are(database: str) -> None:
    store(database, vector())
    mine = [replace(hit, website_id=OTHER, session=f"{hit.session}-mine") for hit in vector()]
    store(database, mine)
    refresh(database)

    async with serving(database) as client:
        before = (await client.get(DASHBOARD.format(OTHER), params=DAYS)).json()["metrics"]
        added = await import_pages(client, OTHER, await export_pages(client, SITE))
        after = (await client.get(DASHBOARD.format(OTHER), params=DAYS)).json()["metrics"]
    refresh(database)
    async with serving(database) as client:
        rolled_up = (await client.get(DASHBOARD.format(OTHER), params=DAYS)).json()["metrics"]

    assert added == (8, 0)
    assert (after["page_views"], after["sessions"]) == (2 * before["page_views"], 2 * before["sessions"])
    assert (after["unique_visitors"], after["bounce_rate"]) == (before["unique_visitors"], before["bounce_rate"])
    assert rolled_up == after


@pytest.mark.rule("N5")
async def test_an_event_that_is_twice_in_a_page_is_one(database: str) -> None:
    store(database, vector())
    register(database, OTHER)

    async with serving(database) as client:
        (page,) = await export_pages(client, SITE, limit=100)
        answer = await send(client, OTHER, page + page)

    assert answer.json() == {"website_id": OTHER, "events": 16, "added": 8, "present": 8}


@pytest.mark.rule("N5")
async def test_imports_at_once_add_each_event_once(database: str) -> None:
    store(database, vector())
    register(database, OTHER)

    async with serving(database) as client:
        (page,) = await export_pages(client, SITE, limit=100)
        answers = await asyncio.gather(*(send(client, OTHER, page) for _ in range(4)))
        done = [answer.json() for answer in answers if answer.status_code == 200]

    # Two have a place; the others are told to come back.
    assert {answer.status_code for answer in answers} <= {200, 503}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 503} <= {"too_many_imports"}
    assert sum(one["added"] for one in done) == 8 == len(rows_of(database, OTHER))


@pytest.mark.rule("N5")
async def test_a_day_of_many_events_goes_in_by_transactions(database: str) -> None:
    register(database, SITE)
    register(database, OTHER)
    count = MOST_AT_ONCE + 10
    with psycopg.connect(database) as connection:
        connection.execute("SELECT ensure_days('2026-03-02', '2026-03-02')")
        connection.execute(
            "INSERT INTO events (timestamp, received_at, session_started_at, visitor_hash, session_hash, arrival,"
            " rules_version, interactive, is_bot, is_persistent, id, website_id, visitor_id, session_id, event_type,"
            " page, channel, device)"
            " SELECT t, t, t, n, n, n, 1, true, false, false, gen_random_uuid(), %s, 'v' || n, 's' || n, 'pageview',"
            " '/', 'Direct', 'desktop' FROM generate_series(1, %s) n, LATERAL (SELECT timestamptz"
            " '2026-03-02 10:00:00Z' + n %% 7 * interval '1 second' AS t) moment",
            (SITE, count),
        )

    async with serving(database) as client:
        pages = await export_pages(client, SITE, limit=10_000)
        answers = [(await send(client, OTHER, pages[0])).json() for _ in range(2)]

    assert [(one["added"], one["present"]) for one in answers] == [(count, 0), (0, count)]
    assert [row["visitor_id"] for row in rows_of(database, OTHER)] == [
        row["visitor_id"] for row in rows_of(database, SITE)
    ]


@pytest.mark.rule("R63")
async def test_only_who_manages_the_website_imports(database: str) -> None:
    store(database, vector())
    register(database, OTHER)

    async with serving(database) as client:
        (page,) = await export_pages(client, SITE, limit=100)
        path, headers = f"/api/v1/websites/{OTHER}/import", {"content-type": "application/x-ndjson"}
        answers = [
            await client.post(path, content=page, headers={**headers, **bearer(database, "editor", (OTHER,))}),
            await client.post(path, content=page, headers={**headers, **bearer(database, "owner", (SITE,))}),
            await client.post(path, content=page, headers={**headers, "authorization": ""}),
            await client.post(path, content=page, headers=headers, params={"dry_run": "true"}),
            await client.post(path, content=page, headers={"content-type": "application/json"}),
            await client.post(path, content=page, headers={**headers, "content-encoding": "br"}),
            await client.get(path),
        ]

    assert [answer.status_code for answer in answers] == [403, 404, 401, 400, 415, 415, 405]
    assert rows_of(database, OTHER) == []


async def test_an_import_is_told_in_the_log(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    store(database, vector())
    register(database, OTHER)

    async with serving(database) as client:
        pages = await export_pages(client, SITE, limit=100)
        capsys.readouterr()
        await import_pages(client, OTHER, pages)

    (line,) = capsys.readouterr().out.splitlines()
    assert "administrative_act" in line
    assert all(part in line for part in ("events_imported", f"website_id={OTHER}", "events=8", "added=8"))
