import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import psycopg
from psycopg.conninfo import make_conninfo

from shared.clock import utc_now
from tests.sql.events import Row, write
from tests.sql.facts import differences, dirty_rows
from worker.upkeep import keep_up

RETENTION_DAYS = 30
DEADLINE_SECONDS = 20.0


class Heard:
    """What upkeep told of itself."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.failures = 0

    def upkeep_done(self, step: str, seconds: float) -> None:
        assert seconds >= 0
        self.done.append(step)

    def upkeep_failed(self) -> None:
        self.failures += 1


async def test_dirty_buckets_are_rolled_up_and_the_house_is_kept(database: str) -> None:
    stop, heard = asyncio.Event(), Heard()
    upkeep = asyncio.create_task(keep_up(database, RETENTION_DAYS, utc_now, stop, heard))
    with psycopg.connect(database, autocommit=True) as connection:
        await _until(lambda: "keep_house" in heard.done)
        write(connection, [Row(timestamp=utc_now())])

        await _until(lambda: dirty_rows(connection) == 0)

        assert differences(connection) == []
        assert connection.execute("SELECT now() - done_at < INTERVAL '1 hour' FROM last_refresh").fetchone() == (True,)
    stop.set()
    await upkeep
    assert heard.done.count("keep_house") == 1


async def test_the_house_is_kept_again_an_hour_later(database: str) -> None:
    hours = [datetime(2026, 3, 10, tzinfo=UTC)]
    stop, heard = asyncio.Event(), Heard()
    upkeep = asyncio.create_task(keep_up(database, RETENTION_DAYS, lambda: hours[-1], stop, heard))
    await _until(lambda: "rollup_refresh" in heard.done)

    hours.append(hours[0] + timedelta(hours=1))

    await _until(lambda: heard.done.count("keep_house") == 2)
    stop.set()
    await upkeep


async def test_a_refresh_is_planned_anew_and_takes_its_time_whatever_the_server_would_have(database: str) -> None:
    stop, heard = asyncio.Event(), Heard()
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE TABLE ran_with (name text, setting text)")
        connection.execute(
            "CREATE OR REPLACE PROCEDURE rollup_refresh() LANGUAGE sql AS 'INSERT INTO ran_with SELECT name, setting"
            " FROM pg_settings WHERE name IN (''plan_cache_mode'', ''statement_timeout'', ''transaction_isolation'')'"
        )
        asked = make_conninfo(
            database, options="-c statement_timeout=10min -c default_transaction_isolation=serializable"
        )
        upkeep = asyncio.create_task(keep_up(asked, RETENTION_DAYS, utc_now, stop, heard))

        await _until(lambda: "rollup_refresh" in heard.done)

        assert dict(connection.execute("SELECT DISTINCT name, setting FROM ran_with").fetchall()) == {
            "plan_cache_mode": "force_custom_plan",
            "statement_timeout": "0",
            "transaction_isolation": "read committed",
        }
    stop.set()
    await upkeep


async def test_a_lost_connection_is_replaced_and_another_worker_takes_over(database: str) -> None:
    stops, heard = (asyncio.Event(), asyncio.Event()), (Heard(), Heard())
    workers = [
        asyncio.create_task(keep_up(database, RETENTION_DAYS, utc_now, stop, ears))
        for stop, ears in zip(stops, heard, strict=True)
    ]
    with psycopg.connect(database, autocommit=True) as connection:
        await _until(lambda: any(ears.done for ears in heard))
        assert not all(ears.done for ears in heard)
        leader = 0 if heard[0].done else 1

        # One loses its connection, then leaves for good.
        connection.execute(
            "SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
            " WHERE l.locktype = 'advisory' AND l.objid = 7270010 AND d.datname = current_database()"
        )
        await _until(lambda: heard[leader].failures == 1)
        stops[leader].set()

        await _until(lambda: "rollup_refresh" in heard[1 - leader].done)
    stops[1 - leader].set()
    await asyncio.gather(*workers)


async def test_upkeep_stops_while_the_database_is_away(database: str) -> None:
    stop, heard = asyncio.Event(), Heard()
    away = make_conninfo(database, dbname="away")
    upkeep = asyncio.create_task(keep_up(away, RETENTION_DAYS, utc_now, stop, heard))
    await _until(lambda: heard.failures == 1)

    stop.set()

    await upkeep


async def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        await asyncio.sleep(0.01)
