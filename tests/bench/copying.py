"""What COPY alone takes for the rows that lie in `events`: the ceilings of the worker."""

from collections.abc import Callable
from typing import LiteralString, NamedTuple

import msgspec
import psycopg
from psycopg import sql
from psycopg.abc import Buffer
from psycopg.adapt import Dumper, Loader
from psycopg.pq import Format

from shared.clock import monotonic_seconds
from tests.bench.cpu import backend_seconds
from worker.connection import connect_database
from worker.row import COLUMNS

_NAMES = sql.SQL(", ").join(map(sql.Identifier, COLUMNS))
_NUMBER = sql.SQL(
    "CREATE UNLOGGED TABLE bench_rows AS"
    " SELECT row_number() OVER (ORDER BY timestamp, arrival) - 1 AS number, {} FROM events"
)
_OPTIONS: dict[str, LiteralString] = {"text": "(FORMAT TEXT)", "binary": "(FORMAT BINARY)"}
_SLICE = "FROM bench_rows WHERE number >= %s AND number < %s ORDER BY number"


class Copying(NamedTuple):
    """Wall seconds, and CPU seconds of the server's process."""

    seconds: float
    backend_cpu: float


class _Json(Loader):
    """jsonb as the text that it was."""

    def load(self, data: Buffer) -> msgspec.Raw:
        return msgspec.Raw(bytes(data))


class _JsonDumper(Dumper):
    format = Format.BINARY
    oid = psycopg.adapters.types["jsonb"].oid

    def dump(self, obj: msgspec.Raw) -> bytes:
        return b"\x01" + bytes(obj)


class Ceilings:
    """Writes the rows again in the order of their times, `batch_size` to a transaction.

    `text` and `binary` send bytes that are there already (`text` is what psql's \\copy does); `rows` has
    psycopg make them of Python values.
    """

    def __init__(self, url: str, batch_size: int) -> None:
        self._connection = connect_database(url, "ceiling")
        self._connection.adapters.register_loader("jsonb", _Json)
        self._connection.adapters.register_dumper(msgspec.Raw, _JsonDumper)
        self._connection.execute("DROP TABLE IF EXISTS bench_rows")
        self._connection.execute(_NUMBER.format(_NAMES))
        self._connection.execute("CREATE INDEX ON bench_rows (number)")
        row = self._connection.execute("SELECT count(*) FROM bench_rows").fetchone()
        self.count = int(row[0]) if row is not None else 0
        self._slices = [(start, start + batch_size) for start in range(0, self.count, batch_size)]
        self._connection.execute("CHECKPOINT")

    def close(self) -> None:
        self._connection.close()

    def measure(self, form: str) -> Copying:
        """`form` is text, binary or rows."""
        if form == "rows":
            select = sql.SQL("SELECT {} " + _SLICE).format(_NAMES)
            batches = [self._connection.execute(select, bounds).fetchall() for bounds in self._slices]
            return self._timed([lambda batch=batch: self._write(batch) for batch in batches])
        chunks = [self._bytes(_OPTIONS[form], bounds) for bounds in self._slices]
        return self._timed([lambda chunk=chunk: self._send(_OPTIONS[form], chunk) for chunk in chunks])

    def _bytes(self, options: LiteralString, bounds: tuple[int, int]) -> bytes:
        query = sql.SQL("COPY (SELECT {} " + _SLICE + ") TO STDOUT " + options).format(_NAMES)
        with self._connection.cursor().copy(query, bounds) as source:
            return b"".join(bytes(block) for block in source)

    def _send(self, options: LiteralString, chunk: bytes) -> None:
        with self._connection.cursor().copy(sql.SQL("COPY events ({}) FROM STDIN " + options).format(_NAMES)) as target:
            for start in range(0, len(chunk), 131_072):
                target.write(chunk[start : start + 131_072])

    def _write(self, batch: list[tuple[object, ...]]) -> None:
        with self._connection.cursor().copy(
            sql.SQL("COPY events ({}) FROM STDIN (FORMAT BINARY)").format(_NAMES)
        ) as target:
            target.set_types(list(COLUMNS.values()))
            for row in batch:
                target.write_row(row)

    def _timed(self, writes: list[Callable[[], None]]) -> Copying:
        self._connection.execute("TRUNCATE events")
        pid = self._connection.info.backend_pid
        started, cpu = monotonic_seconds(), backend_seconds(pid)
        for write in writes:
            with self._connection.transaction():
                self._connection.execute("SET LOCAL synchronous_commit = on")
                write()
        return Copying(monotonic_seconds() - started, backend_seconds(pid) - cpu)
