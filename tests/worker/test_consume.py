"""The loop of a worker, in this process: what it makes of failures."""

import threading

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

    config = WorkerConfig(
        worker_id="test",
        database_url=database,
        partitions=1,
        batch_size=100,
        batch_timeout_seconds=0.01,
        allow_unregistered_sites=True,
        store_user_agent=False,
    )
    places = Places(lambda: (), monotonic_seconds)
    metrics = WorkerMetrics(CollectorRegistry())
    consume(
        config,
        Tools(inbox=stream.inbox, enricher=Enricher(places), metrics=metrics, clock=utc_now, reach=interrupt),
        stop,
    )

    assert written == INTERRUPTIONS
    assert max(stop.pauses) <= TICK_SECONDS / 2
