"""What an import leaves of everything around it: sessions, retention, kept answers, the website."""

import psycopg
import pytest

from tests.queryapi.funnel_client import register, serving
from tests.queryapi.moving import Row, export_pages, import_pages, renamed, rows_of, send
from tests.queryapi.rig import SITE, Hit, at, refresh, store, vector
from tests.sql.facts import differences

OTHER = "other-site"
DASHBOARD = "/api/v1/analytics/dashboard/{}"
DAYS = {"from": "2026-03-02", "to": "2026-03-03"}


@pytest.mark.rule("R19")
@pytest.mark.parametrize("first", ["older", "newer"])
async def test_files_of_before_and_after_a_session_moved_make_one_session(database: str, first: str) -> None:
    google = {"source": "Google", "channel": "Organic Search"}
    store(database, [Hit(at=at("10:00:00"), session="s", page="/b"), Hit(at=at("10:20:00"), session="s", page="/c")])
    for name in (OTHER, "third"):
        register(database, name)
    async with serving(database) as client:
        older = (await export_pages(client, SITE, limit=100))[0]
        with psycopg.connect(database) as connection:
            connection.execute("UPDATE events SET session_started_at = %s, source = 'Google'", (at("09:50:00"),))
            connection.execute("UPDATE events SET channel = 'Organic Search'")
        late = Hit(at=at("09:50:00"), session="s", page="/a", attributes=google)
        store(database, [late])
        newer = (await export_pages(client, SITE, limit=100))[0]
        # Of each file what the other does not have: the event that moved the session, and the last one.
        parts = {"older": older.splitlines(keepends=True)[1], "newer": b"".join(newer.splitlines(keepends=True)[:2])}
        for name in (first, "newer" if first == "older" else "older"):
            await send(client, OTHER, parts[name])
        sources = (await client.get(DASHBOARD.format(OTHER) + "/sources", params=DAYS)).json()["data"]
        metrics = (await client.get(DASHBOARD.format(OTHER), params=DAYS)).json()["metrics"]

    assert rows_of(database, OTHER) == renamed(rows_of(database, SITE), OTHER)
    assert [(row["source"], row["sessions"]) for row in sources] == [("Google", 1)]
    assert (metrics["sessions"], metrics["avg_session_time"]) == (1, 1800)
    refresh(database)
    with psycopg.connect(database) as connection:
        assert differences(connection) == []


@pytest.mark.rule("R13")
@pytest.mark.parametrize("session_hash", [42, -42])
@pytest.mark.parametrize("is_named", [True, False], ids=["named", "derived"])
async def test_a_session_stays_one_on_another_website(database: str, session_hash: int, is_named: bool) -> None:
    session_id = "named" if is_named else f"{session_hash % 2**64:016x}"
    own = {"session_id": session_id, "session_hash": session_hash}
    store(database, [Hit(at=at(f"10:0{number}:00"), own=own) for number in range(3)])
    register(database, OTHER)

    async with serving(database) as client:
        await import_pages(client, OTHER, await export_pages(client, SITE, limit=1))

    ((found_id, found_hash),) = {(row["session_id"], int(row["session_hash"])) for row in rows_of(database, OTHER)}
    # Workers tell sessions of all websites apart by the hash, and what a client named by the id.
    assert found_hash != session_hash
    assert found_id == ("named" if is_named else f"{found_hash % 2**64:016x}")


@pytest.mark.rule("R58")
async def test_a_day_that_retention_dropped_is_refused_before_anything_is_written(database: str) -> None:
    store(database, [Hit(at=at("10:00:00")), Hit(at=at("10:00:00", 1), session="next")])
    register(database, OTHER)
    async with serving(database) as client:
        (page,) = await export_pages(client, SITE, limit=100)
        refused: list[tuple[int, Row]] = []
        for table, columns in (("dropped_site_days", "(website_id, day)"), ("dropped_days", "(day)")):
            with psycopg.connect(database) as connection:
                values = ("2026-03-03",) if columns == "(day)" else (OTHER, "2026-03-03")
                marks = ", ".join(["%s"] * len(values))
                connection.execute(f"INSERT INTO {table} {columns} VALUES ({marks})".encode(), values)
            answer = await send(client, OTHER, page)
            refused.append((answer.status_code, answer.json()))
            with psycopg.connect(database) as connection:
                connection.execute(f"DELETE FROM {table}".encode())

    details = {"line": 2, "field": "timestamp", "day": "2026-03-03"}
    assert [(status, body["code"], body["details"]) for status, body in refused] == [(409, "day_dropped", details)] * 2
    assert rows_of(database, OTHER) == []


@pytest.mark.parametrize("of_website", [False, True], ids=["installation", "website"])
async def test_what_was_received_long_ago_is_kept_as_long_as_what_arrives_today(
    database: str, of_website: bool
) -> None:
    store(database, [Hit(at=at("10:00:00"))])
    async with serving(database) as client:
        pages = await export_pages(client, SITE)
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute("DELETE FROM events")
            connection.execute("UPDATE websites SET retention_days = %s", (8 if of_website else None,))
        await import_pages(client, SITE, pages)
    refresh(database)

    kept: list[int] = []
    for imported_at in ("now()", "now() - interval '9 days'"):
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute(f"UPDATE imported_days SET imported_at = {imported_at}".encode())
            connection.execute("CALL keep_house(%s)", (3660 if of_website else 8,))
            connection.execute("CALL keep_websites(%s)", (3660 if of_website else 8,))
        kept.append(len(rows_of(database, SITE)))

    assert kept == [1, 0]


@pytest.mark.rule("R71")
async def test_kept_answers_know_of_an_import(database: str) -> None:
    store(database, vector())
    register(database, OTHER)

    async with serving(database) as client:
        pages = await export_pages(client, SITE)
        answers = [(await client.get(DASHBOARD.format(OTHER), params=DAYS)).json() for _ in range(2)]
        await import_pages(client, OTHER, pages)
        answers.append((await client.get(DASHBOARD.format(OTHER), params=DAYS)).json())

    assert [one["metrics"]["page_views"] for one in answers] == [0, 0, 6]
    assert [one["meta"]["source"] == "cache" for one in answers] == [False, True, False]


@pytest.mark.rule("N1")
async def test_a_deleted_website_takes_its_imports_with_it(database: str) -> None:
    store(database, vector())
    register(database, OTHER)

    async with serving(database) as client:
        pages = await export_pages(client, SITE)
        await import_pages(client, OTHER, pages)
        await client.delete(f"/api/v1/websites/{OTHER}", params={"purge": "true"})
        answer = await send(client, OTHER, pages[0])

    with psycopg.connect(database) as connection:
        days = connection.execute("SELECT count(*) FROM imported_days WHERE website_id = %s", (OTHER,)).fetchone()
    assert (rows_of(database, OTHER), days, answer.status_code) == ([], (0,), 404)
