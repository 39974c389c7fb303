"""The loop of a worker, in this process: what it makes of failures."""

import threading
from collections.abc import Callable

from prometheus_client import CollectorRegistry

from shared.clock import monotonic_seconds, utc_now
from tests.worker.given import Stream, envelope, event, recent
from worker.consume import TICK_SECONDS, Tools, WorkerConfig, consume
from worker.enrich import Enricher
from worker.metrics import WorkerMetrics
from worker.place import Places

INTERRUPTIONS = 8


class Impatient(threading.Event):
    """Waits for nothing, and remembers for how long it should have."""

    def __init__(self) -> None:
        super().__init__()
        self.pauses: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.pauses.append(timeout or 0.0)
        return self.is_set()


class Bringing(threading.Event):
    """Waits for nothing; an event comes during the first wait."""

    def __init__(self, stream: Stream) -> None:
        super().__init__()
        self._stream = stream
        self.has_brought = False

    def wait(self, timeout: float | None = None) -> bool:
        if not self.has_brought:
            self.has_brought = True
            self._stream.send(envelope(event(recent(1))))
        return self.is_set()


def test_what_trickles_in_is_read_in_pauses_and_written_together(database: str, redis_url: str) -> None:
    stream = Stream(redis_url)
    stop = Bringing(stream)
    stream.send(envelope(event(recent())))
    batches = 0

    def finish(point: str) -> None:
        nonlocal batches
        if point == "worker.after_ack":
            batches += 1
            if stream.waiting(1) == 0:
                stop.set()

    # Full with the two; else it would end long after.
    consume(_config(database, batch_size=2, batch_timeout_seconds=60.0), _tools(stream, finish), stop)

    assert stop.has_brought
    assert batches == 1


def test_a_worker_that_gets_on_with_its_work_takes_no_long_pauses(database: str, redis_url: str) -> None:
    stream, stop = Stream(redis_url), Impatient()
    written = 0
    stream.send(envelope(event(recent())))

    def interrupt(point: str) -> None:
        nonlocal written
        if point == "worker.after_ack":
            written += 1
            if written == INTERRUPTIONS:
                stop.set()
            stream.send(envelope(event(recent(written))))
            raise OSError("the network, once more")

    consume(_config(database, batch_size=100, batch_timeout_seconds=0.01), _tools(stream, interrupt), stop)

    assert written == INTERRUPTIONS
    assert max(stop.pauses) <= TICK_SECONDS / 2


def _config(database: str, *, batch_size: int, batch_timeout_seconds: float) -> WorkerConfig:
    return WorkerConfig(
        worker_id="test",
        database_url=database,
        partitions=1,
        batch_size=batch_size,
        batch_timeout_seconds=batch_timeout_seconds,
        allow_unregistered_sites=True,
        store_user_agent=False,
    )


def _tools(stream: Stream, reach: Callable[[str], None]) -> Tools:
    return Tools(
        inbox=stream.inbox,
        enricher=Enricher(Places(lambda: (), monotonic_seconds)),
        metrics=WorkerMetrics(CollectorRegistry()),
        clock=utc_now,
        reach=reach,
    )
