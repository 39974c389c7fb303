"""The worker's metrics, in a registry of its own, served on METRICS_PORT."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from worker.dead import Death
from worker.inbox import Depth


class WorkerMetrics:
    """One set for each process. Units are in the names."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._copy_rows = Counter("copy_rows_total", "Rows committed to `events`.", registry=registry)
        self._dead_letter = Counter("dead_letter_total", "Events kept in `dead_letter`.", ["reason"], registry=registry)
        self._retries = Counter(
            "worker_retries_total", "Writes tried again, by SQLSTATE or kind of error.", ["sqlstate"], registry=registry
        )
        self._batch = Histogram(
            "worker_batch_seconds",
            "Time to write and acknowledge one batch.",
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
            registry=registry,
        )
        self._sessions = Gauge("worker_sessions_cached", "Keys of sessions in memory.", registry=registry)
        self._partitions = Gauge("worker_partitions", "Stream partitions owned.", registry=registry)
        self._length = Gauge("stream_length", "Entries in the partitions owned.", registry=registry)
        self._pending = Gauge("stream_pending", "Entries delivered and not acknowledged.", registry=registry)
        self._lag = Gauge("stream_lag", "Entries not yet delivered.", registry=registry)
        self._upkeep = Histogram("worker_upkeep_seconds", "Time of one upkeep step.", ["step"], registry=registry)
        self._upkeep_failures = Counter("worker_upkeep_failures_total", "Upkeep steps that failed.", registry=registry)

    def part_written(self, rows: int, deaths: Iterable[Death]) -> None:
        self._copy_rows.inc(rows)
        for death in deaths:
            self._dead_letter.labels(death.reason).inc()

    def batch_written(self, seconds: float, sessions: int) -> None:
        self._batch.observe(seconds)
        self._sessions.set(sessions)

    def retried(self, kind: str) -> None:
        self._retries.labels(kind).inc()

    def measured(self, depths: Iterable[Depth]) -> None:
        """The depth of every partition owned."""
        known = list(depths)
        self._partitions.set(len(known))
        self._length.set(sum(depth.length for depth in known))
        self._pending.set(sum(depth.pending for depth in known))
        self._lag.set(sum(depth.lag for depth in known))

    def upkeep_done(self, step: str, seconds: float) -> None:
        self._upkeep.labels(step).observe(seconds)

    def upkeep_failed(self) -> None:
        self._upkeep_failures.inc()
