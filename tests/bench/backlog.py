"""How fast workers catch up: processes of their own, from a stream that has piled up to an empty one."""

import tempfile
from datetime import timedelta
from pathlib import Path

import redis

from shared.clock import monotonic_seconds, utc_now
from shared.stream import stream_key
from tests.bench.report import Figures
from tests.bench.traffic import make_entries
from tests.bench.worker import PARTITIONS, add_to_stream, check
from tests.flow.pipeline import Pipeline, wait_until
from tests.services import POSTGRES, Servers

WORKERS = (1, 2, 4)
# Made and sent at once, so that millions need not be in memory here.
_SLICE = 100_000
_DRAIN_SECONDS = 3600.0


def measure(servers: Servers, events: int) -> Figures:
    """Events a second from the first that leaves the stream to the last, by number of workers."""
    figures: Figures = {}
    for workers in WORKERS:
        with servers.database(POSTGRES).database() as url, tempfile.TemporaryDirectory() as logs:
            _pile_up(servers.redis_url(), events)
            seconds = _drain(Pipeline(url, servers.redis_url(), Path(logs), _SETTINGS), workers)
            check(url, events)
        figures[f"{workers} worker{'s' * (workers > 1)}"] = {"events/s": events / seconds, "seconds": seconds}
    return figures


_SETTINGS = {"STREAM_PARTITIONS": str(PARTITIONS), "ALLOW_UNREGISTERED_SITES": "true", "METRICS_PORT": "0"}


def _pile_up(redis_url: str, events: int) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.flushdb()
        start, span = utc_now() - timedelta(hours=1), timedelta(minutes=50) * min(1.0, _SLICE / events)
        for number, first in enumerate(range(0, events, _SLICE)):
            count = min(_SLICE, events - first)
            add_to_stream(client, make_entries(count, PARTITIONS, start + span * number, span, seed=number))


def _drain(pipeline: Pipeline, workers: int) -> float:
    with redis.Redis.from_url(pipeline.redis_url) as client:

        def entries() -> int:
            return sum(client.xlen(stream_key(partition)) for partition in range(PARTITIONS))

        full = entries()
        try:
            for number in range(workers):
                pipeline.start("worker", f"worker {number}")
            wait_until(lambda: entries() < full, "a first batch", every_seconds=0.005)
            started = monotonic_seconds()
            wait_until(lambda: entries() == 0, "an empty stream", _DRAIN_SECONDS, every_seconds=0.02)
            return monotonic_seconds() - started
        finally:
            pipeline.stop()
