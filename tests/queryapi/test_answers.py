"""An answer is kept as long as it is the answer, and computed once for everybody who asks."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import psycopg
import pytest

from shared.hashes import digest64
from sql.statements import read
from tests.queryapi.funnel_client import A_TO_B, FUNNELS, serving
from tests.queryapi.rig import NOW, SITE, Api, Hit, Reply, at, refresh, running, settings_for, store, vector
from tests.queryapi.test_http import bearer

DASHBOARD = f"/api/v1/analytics/dashboard/{SITE}"
PAGES = f"{DASHBOARD}/pages"
# Two days that are over, and whose sessions are: it is the tenth.
CLOSED = "from=2026-03-02&to=2026-03-03"


def is_kept(reply: Reply) -> bool:
    assert reply.status == 200, reply.payload
    return reply.body["meta"]["source"] == "cache"


@pytest.mark.rule("R67")
@pytest.mark.rule("R71")
async def test_an_answer_is_kept_and_says_since_when(database: str) -> None:
    store(database, vector())
    moments = [NOW]

    async with running(settings_for(database), lambda: moments[0]) as api:
        first = await api.get(DASHBOARD, "days=9&compare=none")
        moments[0] += timedelta(seconds=4)
        again = await api.get(DASHBOARD, "days=9&compare=none")
        unsent = await api.get(DASHBOARD, "days=9&compare=none", {**bearer(), "if-none-match": first.headers["etag"]})
        moments[0] += timedelta(seconds=1)
        anew = await api.get(DASHBOARD, "days=9&compare=none")

    assert first.body["meta"]["source"] in {"aggregate", "raw"} and "cached_at" not in first.body["meta"]
    assert again.body["meta"] == {**first.body["meta"], "source": "cache", "cached_at": "2026-03-10T12:00:00Z"}
    assert {**again.body, "meta": None} == {**first.body, "meta": None}
    assert first.headers["etag"] == again.headers["etag"] == anew.headers["etag"]
    assert (unsent.status, is_kept(anew)) == (304, False)


@pytest.mark.rule("R71")
async def test_one_question_in_other_words_is_one_question(database: str) -> None:
    store(database, vector())
    same = (
        "from=2026-03-02&to=2026-03-03&country=DE&country=AT&page=/a",
        "page=/a&country=AT&to=2026-03-03&country=DE&from=2026-03-02&country=DE",
        "from=2026-03-02&to=2026-03-03&country=DE&country=AT&page=/a&timezone=UTC",
    )
    others = ("country=DE&page=/a", "country=AT&country=DE&page=/b", "country=AT&country=DE&page=/a&include_bots=true")

    async with running(settings_for(database)) as api:
        kept = [is_kept(await api.get(PAGES, query)) for query in same]
        anew = [is_kept(await api.get(PAGES, f"{CLOSED}&{query}")) for query in others]
        elsewhere = is_kept(await api.get(f"{DASHBOARD}/sources", same[0]))
        local = is_kept(await api.get(PAGES, f"{same[0]}&timezone=Europe/Berlin"))

    assert kept == [False, True, True]
    assert not any(anew) and not elsewhere and not local


@pytest.mark.rule("R43")
@pytest.mark.parametrize("query", ["days=9", CLOSED, "period=all"])
async def test_a_committed_event_is_in_the_very_next_answer(database: str, query: str) -> None:
    store(database, vector())

    async with running(settings_for(database)) as api:
        before = [await api.get(DASHBOARD, query) for _ in range(2)]
        store(database, [Hit(at=at("08:00:00"), session="late", visitor="late")])
        after = await api.get(DASHBOARD, query)

    assert [is_kept(reply) for reply in before] == [False, True]
    views = [reply.body["metrics"]["page_views"] for reply in (*before, after)]
    assert (views[1], views[2] > views[1]) == (views[0], True)


async def test_an_erased_visitor_is_in_no_kept_answer(database: str) -> None:
    store(database, vector())
    refresh(database)
    with psycopg.connect(database) as connection:
        # All that is left of the day is its rollups.
        connection.execute("INSERT INTO dropped_days VALUES ('2026-03-02')")
    hashed = digest64(SITE, "v2")

    async with running(settings_for(database)) as api:
        before = [await api.get(DASHBOARD, CLOSED) for _ in range(2)]
        with psycopg.connect(database) as connection:
            connection.execute(read("writes/forget_visitor"), {"website_id": SITE, "visitor_hash": hashed})
        after = await api.get(DASHBOARD, CLOSED)

    assert is_kept(before[1])
    assert before[1].body["metrics"]["unique_visitors"] - after.body["metrics"]["unique_visitors"] == 1


@pytest.mark.rule("R43")
async def test_only_what_can_change_an_answer_ends_it(database: str) -> None:
    store(database, vector())
    later = Hit(at=at("09:00:00", 8), session="today", visitor="today")
    going_on = Hit(at=at("00:05:00", 2), session="v3", visitor="v3-next-day")

    async with running(settings_for(database)) as api:
        await api.get(DASHBOARD, CLOSED)
        add(database, later)
        other_day = await api.get(DASHBOARD, CLOSED)
        add(database, going_on)
        longer_session = await api.get(DASHBOARD, CLOSED)

    assert (is_kept(other_day), is_kept(longer_session)) == (True, False)


@pytest.mark.rule("R63")
async def test_what_is_kept_opens_nothing(database: str) -> None:
    store(database, vector())

    async with running(settings_for(database)) as api:
        await api.get(DASHBOARD, CLOSED)
        kept = await api.get(DASHBOARD, CLOSED)
        foreign = await api.get(DASHBOARD, CLOSED, bearer(websites=["another"]))
        nobody = await api.get(DASHBOARD, CLOSED, {})
        with psycopg.connect(database) as connection:
            connection.execute("DELETE FROM websites")
        gone = await api.get(DASHBOARD, CLOSED)

    assert is_kept(kept)
    assert (foreign.status, nobody.status, gone.status) == (404, 401, 404)


async def test_a_changed_website_or_funnel_is_another_question(database: str) -> None:
    store(database, vector())

    async with serving(database) as client:
        funnel = (await client.post(FUNNELS, json=A_TO_B)).json()
        paths = (f"{DASHBOARD}?days=9", f"{FUNNELS}/{funnel['id']}/performance?{CLOSED}")
        twice = [[(await client.get(path)).json()["meta"]["source"] for path in paths] for _ in range(2)]
        await client.put(f"{FUNNELS}/{funnel['id']}", json={**A_TO_B, "name": "renamed"})
        with psycopg.connect(database) as connection:
            connection.execute("UPDATE websites SET timezone = 'Asia/Tokyo'")
        bodies = [(await client.get(path)).json() for path in paths]

    assert twice[1] == ["cache", "cache"] and "cache" not in twice[0]
    assert bodies[0]["range"]["timezone"] == "Asia/Tokyo"
    assert bodies[1]["name"] == "renamed"


async def test_single_events_and_refusals_are_never_kept(database: str) -> None:
    store(database, vector())

    async with running(settings_for(database)) as api:
        replies = [await api.get(f"/api/v1/events/{SITE}/recent", CLOSED) for _ in range(2)]
        refused = [await api.get(DASHBOARD, f"{CLOSED}&utm_limit=0") for _ in range(2)]
        explained = [await api.get(DASHBOARD, f"{CLOSED}&explain=true") for _ in range(2)]

    assert not any(is_kept(reply) for reply in (*replies, *explained))
    assert [reply.status for reply in refused] == [400, 400]


async def test_who_asks_the_same_at_once_waits_for_one_answer(database: str) -> None:
    store(database, vector())

    settings = settings_for(database, MAX_DB_CONNECTIONS="2", MAX_REPORTS_PER_TOKEN="11")

    async with running(settings) as api:
        async with held(database):
            asking = [asyncio.create_task(api.get(DASHBOARD, CLOSED)) for _ in range(10)]
            await sees(database, 1)
            await counts(api, "joined", 9)
            # Neither of the two connections is held by those who wait.
            other = await api.get(f"/api/v1/websites/{SITE}/ingest-report")
        replies = await asyncio.gather(*asking)

    assert other.status == 200
    assert {reply.status for reply in replies} == {200}
    assert len({reply.payload for reply in replies}) == 1


async def test_who_goes_away_takes_the_answer_from_nobody(database: str) -> None:
    store(database, vector())

    async with running(settings_for(database)) as api:
        async with held(database):
            first = asyncio.create_task(api.get(DASHBOARD, CLOSED))
            await sees(database, 1)
            second = asyncio.create_task(api.get(DASHBOARD, CLOSED))
            await counts(api, "joined", 1)
            await cancel(first)
        reply = await second
        async with held(database):
            # Another question, whose only asker goes: the database is not kept busy.
            last = asyncio.create_task(api.get(PAGES, CLOSED))
            await sees(database, 1)
            await cancel(last)
            await sees(database, 0)
        again = await api.get(PAGES, CLOSED)

    assert (reply.status, again.status) == (200, 200)


async def test_kept_answers_take_no_more_bytes_than_they_may(database: str) -> None:
    store(database, vector())
    limit = 40_000

    async with running(settings_for(database, CACHE_BYTES=str(limit))) as api:
        for day in range(1, 31):
            await api.get(DASHBOARD, f"from=2026-01-{day:02}&to=2026-01-{day:02}")
        size = await metric(api, "query_cache_bytes")
        newest = await api.get(DASHBOARD, "from=2026-01-30&to=2026-01-30")
        oldest = await api.get(DASHBOARD, "from=2026-01-01&to=2026-01-01")
    async with running(settings_for(database, CACHE_BYTES="0")) as api:
        without = [await api.get(DASHBOARD, CLOSED) for _ in range(2)]

    assert limit / 2 < size <= limit
    assert (is_kept(newest), is_kept(oldest)) == (True, False)
    assert not any(is_kept(reply) for reply in without)


def test_writers_of_one_day_do_not_wait_for_each_other(database: str) -> None:
    mark = f"INSERT INTO rollup_dirty (website_id, bucket) VALUES ('{SITE}', '2026-03-02')"
    version = "SELECT sum(changes) FROM data_versions"
    with psycopg.connect(database) as one, psycopg.connect(database) as other:
        one.execute("SET lock_timeout = '1s'")
        other.execute("SET lock_timeout = '1s'")
        seen: list[object] = []
        for _ in range(2):
            one.execute(mark)
            other.execute(mark)
            for connection in (one, other):
                connection.commit()
                seen.append(connection.execute(version).fetchone())
                connection.commit()

    assert len(set(seen)) == len(seen)


def add(database: str, hit: Hit) -> None:
    """One event as the worker leaves it, and its bucket alone dirty."""
    with psycopg.connect(database) as connection:
        connection.execute("ALTER TABLE rollup_dirty DISABLE TRIGGER rollup_dirty_count_data_changes")
    store(database, [hit])
    with psycopg.connect(database) as connection:
        connection.execute("ALTER TABLE rollup_dirty ENABLE TRIGGER rollup_dirty_count_data_changes")
        connection.execute(
            "INSERT INTO rollup_dirty (website_id, bucket)"
            " VALUES (%s, date_bin('15 minutes', %s, timestamptz '2000-01-01 00:00:00Z'))",
            (hit.website_id, hit.at),
        )


@asynccontextmanager
async def held(database: str) -> AsyncGenerator[None]:
    """Nobody can read events meanwhile."""
    async with await psycopg.AsyncConnection.connect(database) as connection:
        await connection.execute("LOCK TABLE events IN ACCESS EXCLUSIVE MODE")
        yield


async def sees(database: str, waiting: int) -> None:
    """Return once so many statements of the query API are under way in the database."""
    running_now = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND application_name = 'queryapi' AND state = 'active'"
    )
    async with asyncio.timeout(10), await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        while await (await connection.execute(running_now)).fetchone() != (waiting,):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def counts(api: Api, source: str, answers: int) -> None:
    """Return once so many answers came from `source`."""
    async with asyncio.timeout(10):
        while await metric(api, f'query_answers_total{{source="{source}"}}') != answers:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def metric(api: Api, name: str) -> float:
    """The value of a metric, 0 for one that is not there yet."""
    lines = (await api.get("/metrics")).payload.decode().splitlines()
    return next((float(line.removeprefix(name)) for line in lines if line.startswith(f"{name} ")), 0.0)


async def cancel(task: "asyncio.Task[Reply]") -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
