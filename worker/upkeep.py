"""Keeps the rollups fresh and the house clean; every worker runs it, one at a time works."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import LiteralString, Never, Protocol

import psycopg
import structlog

from shared.clock import Clock, monotonic_seconds
from shared.planning import PLANNING
from sql.statements import read
from worker.connection import opened_with

# Holding it makes a worker the one that keeps house; its connection's end gives it to another.
LEADER_LOCK = 7_270_010
# How soon another worker takes over.
LEADER_POLL_SECONDS = 2.0
# Readers see from the events themselves what is not rolled up, so a pause costs them work, not freshness. A refresh
# with nothing to do is below a millisecond.
REFRESH_PAUSE_SECONDS = 0.5
# As long as it took, so that it takes half of one connection's time, but never longer than this.
REFRESH_LONGEST_PAUSE_SECONDS = 60.0
HOUSE_INTERVAL = timedelta(hours=1)
# keep_house gives up when it cannot have a lock soon.
HOUSE_RETRY = timedelta(minutes=1)
RETRY_SECONDS = 1.0
# Housekeeping runs in this level, and a refresh for as long as it needs. Planned for any number of rows, as its
# statements would be from the sixth time on, one of 170 000 events took minutes in place of 20 seconds.
_SERVER_OPTIONS = PLANNING | {"default_transaction_isolation": "read committed", "statement_timeout": "0"}

log = structlog.stdlib.get_logger()


class UpkeepMetrics(Protocol):
    """Told of each finished step: `rollup_refresh` or `keep_house`."""

    def upkeep_done(self, step: str, seconds: float) -> None: ...

    def upkeep_failed(self) -> None: ...


@dataclass
class _House:
    """When keep_house is due; outlives a lost connection."""

    due: datetime


async def keep_up(
    database_url: str,
    retention_days: int,
    clock: Clock,
    stop: asyncio.Event,
    metrics: UpkeepMetrics | None = None,
) -> None:
    """Work until `stop` is set. Database errors are logged and retried for ever on a new connection;
    a refresh under way at the stop is cancelled, which loses nothing."""
    house = _House(due=clock())
    work = asyncio.create_task(_work(database_url, retention_days, clock, house, metrics))
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({work, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    work.cancel()
    with suppress(asyncio.CancelledError):
        # Raises only what is a fault of this module: database errors were dealt with.
        await work


async def _work(
    database_url: str, retention_days: int, clock: Clock, house: _House, metrics: UpkeepMetrics | None
) -> Never:
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(
                database_url, autocommit=True, options=opened_with(database_url, _SERVER_OPTIONS)
            ) as connection:
                await _become_leader(connection)
                await _lead(connection, retention_days, clock, house, metrics)
        except psycopg.Error as error:
            # Whatever the connection held, its locks included, is gone with it.
            log.warning("upkeep_failed", error=type(error).__name__, sqlstate=error.sqlstate)
            if metrics is not None:
                metrics.upkeep_failed()
            await asyncio.sleep(RETRY_SECONDS)


async def _become_leader(connection: psycopg.AsyncConnection) -> None:
    # Polled, because a statement that waits for a lock holds back the server's vacuum.
    while True:
        cursor = await connection.execute("SELECT pg_try_advisory_lock(%s)", (LEADER_LOCK,))
        if await cursor.fetchone() == (True,):
            return
        await asyncio.sleep(LEADER_POLL_SECONDS)


async def _lead(
    connection: psycopg.AsyncConnection,
    retention_days: int,
    clock: Clock,
    house: _House,
    metrics: UpkeepMetrics | None,
) -> Never:
    while True:
        if clock() >= house.due:
            house.due = clock() + HOUSE_RETRY
            seconds = await _timed(connection, "CALL keep_house(%s)", (retention_days,))
            seconds += await _timed(connection, "CALL keep_websites(%s)", (retention_days,))
            seconds += await _timed(connection, "CALL keep_books()")
            house.due = clock() + HOUSE_INTERVAL
            if metrics is not None:
                metrics.upkeep_done("keep_house", seconds)
        seconds = await _timed(connection, "CALL rollup_refresh()")
        await connection.execute(read("writes/refresh_done"))
        if metrics is not None:
            metrics.upkeep_done("rollup_refresh", seconds)
        await asyncio.sleep(min(max(REFRESH_PAUSE_SECONDS, seconds), REFRESH_LONGEST_PAUSE_SECONDS))


async def _timed(
    connection: psycopg.AsyncConnection,
    statement: LiteralString,
    arguments: tuple[int, ...] = (),
) -> float:
    """Seconds that the statement took."""
    started = monotonic_seconds()
    await connection.execute(statement, arguments)
    return monotonic_seconds() - started
