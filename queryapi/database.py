"""The database as a request sees it: one snapshot for reading, bounded in time, or one short change."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

import msgspec
import psycopg
from psycopg import AsyncConnection, IsolationLevel, errors, sql
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout, TooManyRequests

from queryapi.fixed import fixed
from queryapi.rows import Row
from queryapi.statement import Statement
from shared.clock import monotonic_seconds
from shared.errors import AppError
from shared.planning import PLANNING
from shared.settings import Settings

Pool = AsyncConnectionPool[AsyncConnection[DictRow]]
# A report is a handful of statements; what this adds to the limit of one is for the wire.
DEADLINE_MARGIN_SECONDS = 5.0
RETRY_AFTER_SECONDS = 5
# Requests that may wait for a connection; the next one is told to come back.
MAX_WAITING = 200


def make_pool(settings: Settings, database_url: str) -> Pool:
    """A pool for reading, not yet open."""
    options = PLANNING | {
        "statement_timeout": f"{int(settings.statement_timeout_seconds * 1000)}",
        "default_transaction_read_only": "on",
        "timezone": "UTC",
        # Two processes more made a read 0.9 to 1.9 times as fast on two cores, which are the workers' as well.
        "max_parallel_workers_per_gather": "0",
        # 30 days of 170 000 sessions need 29 MB for the widest hash; one may take twice this.
        "work_mem": "64MB",
    }
    return AsyncConnectionPool(
        database_url,
        connection_class=AsyncConnection[DictRow],
        kwargs={
            "row_factory": dict_row,
            "options": " ".join(f"-c {name}={value}" for name, value in options.items()),
            "application_name": "queryapi",
            "connect_timeout": 3,
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 20_000,
        },
        configure=_configure,
        check=AsyncConnectionPool[AsyncConnection[DictRow]].check_connection,
        min_size=min(2, settings.max_db_connections),
        max_size=settings.max_db_connections,
        max_waiting=MAX_WAITING,
        timeout=settings.db_connection_timeout_seconds,
        open=False,
    )


class _Plan(msgspec.Struct):
    root: dict[str, object] = msgspec.field(name="Plan")


class Explained(NamedTuple):
    """A statement that ran: the rows it gave, how long it took, and the root of its plan as
    `EXPLAIN (ANALYZE, FORMAT JSON)` tells it."""

    statement: Statement
    plan: Mapping[str, object]
    rows: int
    seconds: float


class Reader:
    """Statements inside one snapshot; with `explained`, each is explained there before it runs."""

    def __init__(self, connection: AsyncConnection[DictRow], explained: list[Explained] | None = None) -> None:
        self._connection = connection
        self._explained = explained

    def explaining(self, explained: list[Explained]) -> "Reader":
        """A reader of the same snapshot that adds every statement to `explained`."""
        return Reader(self._connection, explained)

    async def rows(self, statement: Statement) -> Sequence[Row]:
        """Every row the statement gives."""
        if self._explained is None:
            return await self._run(statement)
        plan = await self._plan(statement)
        started = monotonic_seconds()
        rows = await self._run(statement)
        self._explained.append(Explained(statement, plan, len(rows), monotonic_seconds() - started))
        return rows

    async def row(self, text: sql.SQL, values: Mapping[str, object]) -> Row:
        """The only row of a statement that always gives one."""
        found = await self.rows(Statement(sql.Composed([text]), values))
        return found[0]

    async def pin(self, website_id: str) -> None:
        """Read this website alone from here on, as a role that can write nothing, where the database has one."""
        await self._run(fixed("reads/pin_website", {"website_id": website_id}))

    def text_of(self, statement: Statement) -> str:
        """The statement as it is sent, its values by name."""
        return statement.text.as_string(self._connection)

    async def _run(self, statement: Statement) -> Sequence[Row]:
        cursor = await self._connection.execute(statement.text, statement.values)
        return await cursor.fetchall()

    async def _plan(self, statement: Statement) -> Mapping[str, object]:
        text = sql.SQL("EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {}").format(statement.text)
        rows = await self._run(Statement(text, statement.values))
        return msgspec.convert(rows[0]["QUERY PLAN"], tuple[_Plan])[0].root


@asynccontextmanager
async def snapshot(pool: Pool, settings: Settings) -> AsyncGenerator[Reader]:
    """A reader whose statements all see the database at one moment. Raises AppError 503 where the
    database is away, busy, or slower than it may be."""
    async with _transaction(pool, settings) as connection:
        yield Reader(connection)


@asynccontextmanager
async def changes(pool: Pool, settings: Settings) -> AsyncGenerator[Reader]:
    """A reader whose statements may write, each seeing what was committed before it; committed together at
    the end, or not at all. Raises AppError 503 as `snapshot` does."""
    async with _transaction(pool, settings) as connection:
        await connection.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE")
        yield Reader(connection)


@asynccontextmanager
async def _transaction(pool: Pool, settings: Settings) -> AsyncGenerator[AsyncConnection[DictRow]]:
    deadline = settings.statement_timeout_seconds + settings.db_connection_timeout_seconds + DEADLINE_MARGIN_SECONDS
    try:
        async with asyncio.timeout(deadline), pool.connection() as connection:
            yield connection
    except errors.QueryCanceled as error:
        raise _unavailable("query_timeout", "the report took longer than it may; ask for a shorter range") from error
    except errors.InvalidRegularExpression as error:
        problem = error.diag.message_primary or "invalid regular expression"
        raise AppError(400, "invalid_pattern", f"filters: {problem}", details={"field": "filters"}) from error
    except (PoolTimeout, TooManyRequests) as error:
        raise _unavailable("database_busy", "no database connection became free") from error
    except (psycopg.OperationalError, TimeoutError) as error:
        raise _unavailable("database_unavailable", "the database does not answer") from error


def _unavailable(code: str, message: str) -> AppError:
    return AppError(503, code, message, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})


async def _configure(connection: AsyncConnection[DictRow]) -> None:
    await connection.set_isolation_level(IsolationLevel.REPEATABLE_READ)
    await connection.set_read_only(True)
