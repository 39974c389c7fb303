"""The loop of a worker: own partitions, take over what is pending, read, write, acknowledge."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
import redis
import structlog

from shared.clock import Clock, monotonic_seconds
from worker.batch import Delivery, Entry, decode_entry
from worker.cluster_inbox import ClusterInbox
from worker.connection import connect_database
from worker.days import Days
from worker.deliver import AbandonedError, write_batch, write_off
from worker.enrich import Enricher
from worker.failpoint import Failpoint
from worker.failure import delay_seconds, sqlstate
from worker.heap import heap_for
from worker.inbox import Inbox
from worker.memory import Memory
from worker.metrics import WorkerMetrics
from worker.ownership import SILENT_SECONDS, Ownership
from worker.recall import newest_event
from worker.status import GeoStatus, StatusReport, report_status, withdraw_status
from worker.websites import Websites
from worker.write import Desk

# How often a worker asks for its share and says how it is; a dead worker's partitions wait this long.
TICK_SECONDS = 1.0
# A blocking read ends this often to look whether the worker should stop.
LONGEST_BLOCK_MILLISECONDS = 250
# Once a batch has emptied the streams it waits this long, or for its end, before it reads again. To read each entry
# as it trickled in cost a quarter of the worker's and of Redis' CPU (600 events and 380 entries a second).
READ_PAUSE_SECONDS = 0.05
# Entries read from each partition at once: a few until it is known how many events they hold.
FIRST_ENTRIES = 4
MAX_ENTRIES = 1000
# An entry in hand while so many workers died is written alone; one that a worker died of alone is not
# written again (RELIABILITY C17, C32).
SUSPECT_DELIVERIES = 4

log = structlog.stdlib.get_logger()


@dataclass(frozen=True, kw_only=True)
class WorkerConfig:
    """The settings of one worker."""

    worker_id: str
    database_url: str
    partitions: int
    batch_size: int
    batch_timeout_seconds: float
    allow_unregistered_sites: bool
    store_user_agent: bool
    silent_seconds: float = SILENT_SECONDS


@dataclass(frozen=True, kw_only=True)
class Tools:
    """What a worker works with."""

    inbox: Inbox | ClusterInbox
    enricher: Enricher
    metrics: WorkerMetrics
    clock: Clock
    reach: Failpoint


def consume(config: WorkerConfig, tools: Tools, stop: threading.Event) -> None:
    """Work until `stop` is set, then write what is in hand and give everything up.

    Outages are waited for without end. Raises UnsafeServerError, and PoisonFloodError when a flood of
    events cannot be stored; whatever was in hand then waits in the stream.
    """
    failures = 0
    with heap_for(config.batch_size):
        while not stop.is_set():
            started = monotonic_seconds()
            shift: _Shift | None = None
            try:
                with connect_database(config.database_url, config.worker_id) as connection:
                    shift = _Shift(config, tools, connection, stop)
                    shift.work()
            except (psycopg.Error, redis.RedisError, OSError) as error:
                # A shift that wrote something, or lasted, was no part of a series of failures.
                was_well = (shift is not None and shift.has_written) or monotonic_seconds() - started >= 30
                failures = 1 if was_well else failures + 1
                tools.metrics.retried(_kind(error))
                log.warning(
                    "worker_interrupted", error=type(error).__name__, sqlstate=sqlstate(error), failures=failures
                )
                stop.wait(delay_seconds(failures))


class _Shift:
    """One connection's worth of work: ownership and memory begin and end with it."""

    def __init__(
        self, config: WorkerConfig, tools: Tools, connection: psycopg.Connection, stop: threading.Event
    ) -> None:
        self._config = config
        self._tools = tools
        self._inbox = tools.inbox
        self._connection = connection
        self._stop = stop
        self._ownership = Ownership(connection, config.partitions, config.silent_seconds)
        self._memory = Memory()
        self._desk = Desk(
            connection=connection,
            memory=self._memory,
            websites=Websites(allow_unregistered=config.allow_unregistered_sites),
            days=Days(),
            enricher=tools.enricher,
            reach=tools.reach,
            store_user_agent=config.store_user_agent,
        )
        # A batch of this shift is written and acknowledged.
        self.has_written = False
        # As the last batch had; a guess before.
        self._events_per_entry = float(config.batch_size)

    def work(self) -> None:
        next_tick = monotonic_seconds()
        while not self._stop.is_set():
            if monotonic_seconds() >= next_tick:
                self._tick()
                next_tick = monotonic_seconds() + TICK_SECONDS
            if not self._ownership.owned:
                self._stop.wait(TICK_SECONDS / 2)
                continue
            deliveries = self._gather(next_tick)
            if deliveries:
                self._write(deliveries)
        withdraw_status(self._connection, self._config.worker_id)

    def _tick(self) -> None:
        """With nothing in hand: balance the partitions, take over what is pending in them, report."""
        taken = self._ownership.balance()
        if taken:
            self._memory.forget(newest_event(self._connection))
            self._inbox.open(taken)
            log.info("partitions_taken", taken=taken, owned=self._ownership.owned)
        depths = [self._inbox.depth(partition) for partition in self._ownership.owned]
        report = StatusReport(self._config.worker_id, self._tools.clock, self._geo_status)
        report_status(self._connection, report, self._ownership.owned, depths)
        self._tools.metrics.measured(depths)
        # Also what an answer lost on its way from Redis left behind, or a worker that lost the partition
        # just as it read.
        for partition, depth in zip(self._ownership.owned, depths, strict=True):
            if depth.pending:
                self._take_over(partition)

    def _geo_status(self) -> GeoStatus:
        places = self._tools.enricher.places
        return GeoStatus(places.status, places.built_at)

    def _take_over(self, partition: int) -> None:
        """Write the pending entries: most in batches, those that many workers died with one by one."""
        while not self._stop.is_set() and (waiting := self._inbox.waiting(partition)):
            sound = [entry.entry_id for entry in waiting if entry.deliveries < SUSPECT_DELIVERIES]
            size = self._entries_per_read()
            for start in range(0, len(sound), size):
                self._claim(partition, sound[start : start + size])
            for entry_id, deliveries in waiting:
                if deliveries == SUSPECT_DELIVERIES:
                    self._claim(partition, [entry_id])
                elif deliveries > SUSPECT_DELIVERIES:
                    entries = self._inbox.claim(partition, [entry_id])
                    write_off(self._desk, entries, deliveries)
                    self._inbox.acknowledge(entries)
                    log.error("entry_written_off", partition=partition, entry=entry_id, deliveries=deliveries)

    def _claim(self, partition: int, entry_ids: Sequence[str]) -> None:
        if not self._stop.is_set():
            entries = self._inbox.claim(partition, entry_ids)
            self._write([decode_entry(entry) for entry in entries])

    def _gather(self, until: float) -> list[Delivery]:
        """A batch: full, or as much as came within BATCH_TIMEOUT of its first entry; nothing when
        nothing came before `until`."""
        deliveries: list[Delivery] = []
        events = 0
        pauses = False
        while events < self._config.batch_size and not self._stop.is_set():
            if pauses:
                self._stop.wait(max(0.0, min(READ_PAUSE_SECONDS, until - monotonic_seconds())))
            block = int(1000 * (until - monotonic_seconds()))
            # After a pause once more: what came meanwhile belongs to this batch.
            if block <= 0 and not pauses:
                break
            count = FIRST_ENTRIES if not deliveries else self._fitting(events, deliveries)
            entries = self._inbox.read(self._ownership.owned, count, min(block, LONGEST_BLOCK_MILLISECONDS))
            if entries and not deliveries:
                until = monotonic_seconds() + self._config.batch_timeout_seconds
            arrived = [decode_entry(entry) for entry in entries]
            events += sum(len(delivery.events) for delivery in arrived)
            deliveries += arrived
            # Fewer than any one partition was asked for: all are empty.
            pauses = bool(deliveries) and len(entries) < count and monotonic_seconds() < until
        if deliveries:
            self._events_per_entry = max(1.0, events / len(deliveries))
            self._tools.reach("worker.after_read")
        return deliveries

    def _fitting(self, events: int, deliveries: Sequence[Delivery]) -> int:
        """How many entries of each partition fill the batch, going by those in hand."""
        missing = (self._config.batch_size - events) / len(self._ownership.owned)
        return max(1, min(MAX_ENTRIES, int(missing * len(deliveries) / max(1, events))))

    def _entries_per_read(self) -> int:
        return max(1, min(MAX_ENTRIES, int(self._config.batch_size / self._events_per_entry)))

    def _write(self, deliveries: Sequence[Delivery]) -> None:
        started = monotonic_seconds()
        entries: list[Entry] = [delivery.entry for delivery in deliveries]
        try:
            write_batch(self._desk, deliveries, self._tools.metrics, self._stop)
        except AbandonedError:
            self._inbox.lay_down(entries)
            return
        except (psycopg.Error, OSError):
            self._inbox.lay_down(entries)
            raise
        self._inbox.acknowledge(entries)
        self.has_written = True
        self._tools.reach("worker.after_ack")
        self._tools.metrics.batch_written(monotonic_seconds() - started, len(self._memory))


def _kind(error: Exception) -> str:
    return sqlstate(error) or type(error).__name__
