"""Events, entries and workers for the tests of the worker."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import TypedDict, Unpack
from uuid import UUID, uuid4

import msgspec
import psycopg
from prometheus_client import CollectorRegistry

from shared.clock import monotonic_seconds
from shared.event import Envelope, Event, Revenue, encode_envelope
from shared.stream import stream_key
from worker.batch import Delivery, Entry, decode_entry
from worker.connection import connect_database
from worker.days import Days
from worker.deliver import write_batch
from worker.enrich import Enricher
from worker.failpoint import never
from worker.inbox import Inbox, connect_redis
from worker.memory import Memory
from worker.metrics import WorkerMetrics
from worker.place import Places
from worker.websites import Websites
from worker.write import Desk

SITE = "site-1"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
BROWSER = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
)
REPOSITORY = Path(__file__).parents[2]
DEADLINE_SECONDS = 30.0
_numbers = count()


class Fields(TypedDict, total=False):
    """What a test says of an event; the rest is usual."""

    website_id: str
    id: UUID
    visitor_id: str
    previous_visitor_id: str | None
    is_client_id: bool
    is_imported: bool
    event_type: str
    page: str
    session_id: str | None
    hostname: str | None
    referrer: str | None
    query: str
    engaged_ms: int | None
    interactive: bool
    revenue: Revenue | None
    properties: msgspec.Raw | msgspec.UnsetType


def event(at: datetime, **fields: Unpack[Fields]) -> Event:
    usual: Fields = {"website_id": SITE, "id": uuid4(), "visitor_id": "v", "page": "/"}
    return Event(timestamp=at, **(usual | fields))


def envelope(*events: Event, received_at: datetime | None = None) -> bytes:
    """Received just after the last of its events, unless said otherwise."""
    received = received_at or max(event.timestamp for event in events)
    return encode_envelope(Envelope(1, received, "203.0.113.0/24", BROWSER, False, list(events)))


def entry(number: int, *payloads: bytes, partition: int = 0) -> Entry:
    return Entry(partition, 1_772_000_000_000 + number, 0, payloads)


def deliveries(*batches: Sequence[Event], received_at: datetime | None = None, first: int = 0) -> list[Delivery]:
    """An entry for each of the sequences, in the order of arrival."""
    return [
        decode_entry(entry(first + number, envelope(*events, received_at=received_at)))
        for number, events in enumerate(batches)
    ]


class Bench:
    """A writer without a stream: what it is given, it writes."""

    def __init__(self, connection: psycopg.Connection, memory: Memory | None = None) -> None:
        self.desk = Desk(
            connection=connection,
            memory=Memory() if memory is None else memory,
            websites=Websites(allow_unregistered=True),
            days=Days(),
            enricher=Enricher(Places(lambda: (), monotonic_seconds)),
            reach=never,
            store_user_agent=False,
        )

    def write(self, *batches: Sequence[Event], received_at: datetime | None = None) -> list[Delivery]:
        """Write the events as one batch, each sequence an entry; the entries, to write them again."""
        # No two entries of a run share an id, as in a stream.
        first = next(_numbers) * 1000
        given = deliveries(*batches, received_at=received_at, first=first)
        self.deliver(given)
        return given

    def deliver(self, given: Sequence[Delivery]) -> None:
        write_batch(self.desk, given, WorkerMetrics(CollectorRegistry()), threading.Event())

    def rows(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        return self.desk.connection.execute(statement.encode(), values).fetchall()

    def sessions(self) -> list[tuple[object, ...]]:
        """(start, events) of each session by start."""
        return self.rows("SELECT min(session_started_at), count(*) FROM events GROUP BY session_hash ORDER BY 1, 2")

    def outcomes(self) -> dict[object, object]:
        return dict(self.rows("SELECT outcome, sum(events)::int FROM ingest_counts GROUP BY outcome"))  # type: ignore[arg-type]

    def assert_canonical(self) -> None:
        """Each row names its session's start, and the attributes of its first event."""
        wrong = self.rows(
            "WITH firsts AS (SELECT DISTINCT ON (session_hash) session_hash, timestamp, referrer, hostname FROM events"
            " ORDER BY session_hash, timestamp, arrival)"
            " SELECT e.id FROM events e JOIN firsts f USING (session_hash)"
            " WHERE e.session_started_at <> f.timestamp OR e.referrer IS DISTINCT FROM f.referrer"
            " OR e.hostname IS DISTINCT FROM f.hostname"
        )
        assert wrong == []


@contextmanager
def open_bench(database: str, memory: Memory | None = None) -> Generator[Bench]:
    with connect_database(database, "test") as connection:
        yield Bench(connection, memory)


class Stream:
    """The test's side of the stream."""

    def __init__(self, redis_url: str) -> None:
        self.url = redis_url
        self.client = connect_redis(redis_url)
        self.inbox = Inbox(self.client)

    def send(self, *payloads: bytes, partition: int = 0) -> None:
        words = [word for number, payload in enumerate(payloads) for word in (str(number), payload)]
        self.client.execute_command("XADD", stream_key(partition), "*", *words)

    def waiting(self, partitions: int) -> int:
        """Entries not acknowledged."""
        return sum(int(str(self.client.xlen(stream_key(partition)))) for partition in range(partitions))


class Running:
    """A worker process."""

    def __init__(self, database: str, redis_url: str, environ: Mapping[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "worker"],
            cwd=REPOSITORY,
            stderr=subprocess.DEVNULL if "WORKER_LOG" not in os.environ else None,
            env={
                **os.environ,
                "DATABASE_URL": database,
                "REDIS_URL": redis_url,
                "STREAM_PARTITIONS": "4",
                "BATCH_TIMEOUT": "20ms",
                "ANALYTICS_TESTING": "1",
                **environ,
            },
        )

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def wait(self) -> int:
        return self.process.wait(DEADLINE_SECONDS)


@contextmanager
def running_worker(database: str, redis_url: str, **environ: str) -> Generator[Running]:
    worker = Running(database, redis_url, environ)
    try:
        yield worker
    finally:
        worker.process.kill()
        worker.process.wait()


def wait_until(holds: Callable[[], bool]) -> None:
    """Raises AssertionError when it does not come true in time."""
    deadline = monotonic_seconds() + DEADLINE_SECONDS
    while not holds():
        assert monotonic_seconds() < deadline, "did not come true in time"
        time.sleep(0.02)


def recent(seconds: float = 0) -> datetime:
    """A moment shortly ago, so many seconds later."""
    return datetime.now(UTC) - timedelta(minutes=2) + timedelta(seconds=seconds)
