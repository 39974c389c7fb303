"""Every named place at which a process can be made to die (RELIABILITY 4.1), and how a test chooses one.

An armed point is a file in a directory; whichever process passes the point first removes the file and is
gone, as by `kill -9`. The points inside a procedure of the database end the server's session instead.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import sql

import ingest.wire
import worker.__main__
import worker.days
import worker.upkeep

GATEWAY = ("gateway.before_xadd", "gateway.after_xadd")
WORKER = (
    "worker.after_read",
    "worker.after_begin",
    "worker.mid_copy",
    "worker.before_commit",
    "worker.after_commit",
    "worker.after_ack",
    "partition.before_create",
    "partition.after_create",
    "rollup.before_refresh",
    "rollup.after_refresh",
    "retention.before_drop",
    "retention.after_drop",
)
# A sequence and a trigger: table, and what is done to it just before the commit in question.
DATABASE = {"rollup.before_commit": ("rollup_dirty", "DELETE"), "retention.before_commit": ("dropped_days", "INSERT")}
FAILPOINTS = (*GATEWAY, *WORKER, *DATABASE)
KILLED = 137
# keep_house runs every hour, and a minute after it failed; under faults it is to run all the time.
HOUSE_INTERVAL = timedelta(seconds=3)
_ARMED, _SPENT = 2, 1
_FUNCTION = """
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT last_value FROM {name}) = {armed} THEN
        PERFORM setval({text}, {spent});
        PERFORM pg_terminate_backend(pg_backend_pid());
    END IF;
    RETURN NULL;
END
$$
"""
_TRIGGERS: Mapping[str, LiteralString] = {
    "DELETE": "CREATE TRIGGER {name} AFTER DELETE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION {name}()",
    "INSERT": "CREATE TRIGGER {name} AFTER INSERT ON {table} FOR EACH STATEMENT EXECUTE FUNCTION {name}()",
}
_STEPS = {"CALL rollup_refresh()": ("rollup", "refresh"), "CALL keep_house(%s)": ("retention", "drop")}


class Armory:
    """The armed points of the processes of one product."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def arm(self, point: str) -> None:
        (self._directory / point).touch()

    def disarm(self, point: str) -> bool:
        """False when a process has died there."""
        try:
            (self._directory / point).unlink()
        except FileNotFoundError:
            return False
        return True

    def is_armed(self, point: str) -> bool:
        return (self._directory / point).exists()

    def reach(self, point: str) -> None:
        """Die if `point` is armed."""
        try:
            (self._directory / point).unlink()
        except FileNotFoundError:
            return
        os._exit(KILLED)


def install_failpoints(service: str, armory: Armory) -> None:
    """Have the code of `service` in this process pass its points."""
    if service == "ingest":
        _install_in_gateway(armory.reach)
    elif service == "worker":
        _install_in_worker(armory.reach)


def _install_in_gateway(reach: Callable[[str], None]) -> None:
    exchange = ingest.wire.Wire.exchange

    async def reaching(self: ingest.wire.Wire, request: bytes, count: int) -> list[str | None]:
        reach("gateway.before_xadd")
        replies = await exchange(self, request, count)
        reach("gateway.after_xadd")
        return replies

    ingest.wire.Wire.exchange = reaching


def _install_in_worker(reach: Callable[[str], None]) -> None:
    def read_failpoints(_environ: Mapping[str, str]) -> Callable[[str], None]:
        return reach

    worker.__main__.read_failpoints = read_failpoints
    worker.upkeep.HOUSE_INTERVAL = worker.upkeep.HOUSE_RETRY = HOUSE_INTERVAL
    prepare = worker.days.Days.prepare
    timed = worker.upkeep._timed  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] -- the one place where upkeep calls a procedure

    def preparing(
        self: worker.days.Days, connection: psycopg.Connection, events: Iterable[date], seen: Iterable[date]
    ) -> None:
        reach("partition.before_create")
        prepare(self, connection, events, seen)
        reach("partition.after_create")

    async def timing(
        connection: psycopg.AsyncConnection, statement: LiteralString, *arguments: tuple[int, ...]
    ) -> float:
        step, what = _STEPS.get(statement, ("", ""))
        reach(f"{step}.before_{what}")
        seconds = await timed(connection, statement, *arguments)
        reach(f"{step}.after_{what}")
        return seconds

    worker.days.Days.prepare = preparing
    worker.upkeep._timed = timing  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] -- as above


class DatabaseArmory:
    """The armed points inside the database, through a connection of its owner."""

    def install(self, connection: psycopg.Connection) -> None:
        """Once for a database."""
        for point, (table, operation) in DATABASE.items():
            name = _name_of(point)
            # Unlike a row, a sequence keeps its value when the transaction is lost.
            connection.execute(sql.SQL("CREATE SEQUENCE {}").format(name))
            names = {"name": name, "text": sql.Literal(name.as_string()), "armed": _ARMED, "spent": _SPENT}
            connection.execute(sql.SQL(_FUNCTION).format(**names))
            connection.execute(sql.SQL(_TRIGGERS[operation]).format(name=name, table=sql.Identifier(table)))

    def arm(self, connection: psycopg.Connection, point: str) -> None:
        connection.execute("SELECT setval(%s, %s)", (point.replace(".", "_"), _ARMED))

    def is_armed(self, connection: psycopg.Connection, point: str) -> bool:
        row = connection.execute(sql.SQL("SELECT last_value FROM {}").format(_name_of(point))).fetchone()
        return row == (_ARMED,)


def _name_of(point: str) -> sql.Identifier:
    return sql.Identifier(point.replace(".", "_"))
