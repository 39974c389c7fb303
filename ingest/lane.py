"""Group commit: what arrives while an entry is under way becomes the next entry (SPEC R59, RELIABILITY 3.5)."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import structlog
from redis.asyncio import ConnectionPool
from redis.exceptions import RedisError

from ingest.metrics import IngestMetrics
from ingest.unavailable import unavailable
from ingest.wire import Wire, open_wire
from shared.clock import monotonic_seconds
from shared.stream import stream_key

# One entry is one worker transaction at most, and Redis keeps it in one piece.
MAX_ENTRY_BYTES = 1024 * 1024
MAX_ENTRY_EVENTS = 5000
# Longer, and the client should rather come back: the server may be stopped, or its disk stuck.
FLIGHT_SECONDS = 2.0

log = structlog.get_logger()


class Parcel(NamedTuple):
    """One envelope on its way: its partition, its bytes, and how many events they hold."""

    partition: int
    payload: bytes
    event_count: int


class _Waiting(NamedTuple):
    parcel: Parcel
    # The waiter's own: cancelling one request must not cancel those it shares an entry with.
    done: asyncio.Future[None]


class Lane:
    """Puts parcels into the streams of one server; `run` must be running.

    A flight is one entry for each partition that has something waiting, sent together and read back
    together; at most one flight is under way, and so at most one XADD a partition. With
    `appendfsync always` the server makes the whole flight durable with one fsync.
    """

    def __init__(self, pool: ConnectionPool, metrics: IngestMetrics) -> None:
        self.pending_bytes = 0
        self._pool = pool
        self._wire: Wire | None = None
        self._metrics = metrics
        self._queues: defaultdict[int, deque[_Waiting]] = defaultdict(deque)
        self._wake = asyncio.Event()

    def take(self, parcel: Parcel) -> asyncio.Future[None]:
        """Is done when the parcel is durable, and raises AppError 503 when it is not, or may not be."""
        future = asyncio.get_running_loop().create_future()
        self._queues[parcel.partition].append(_Waiting(parcel, future))
        self.pending_bytes += len(parcel.payload)
        self._wake.set()
        return future

    async def run(self) -> None:
        """Fly for ever."""
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while flight := self._board():
                    await self._fly(flight)
        finally:
            await self._close()

    def _board(self) -> dict[int, list[_Waiting]]:
        """What goes with the next flight, by partition."""
        flight: dict[int, list[_Waiting]] = {}
        for partition, queue in self._queues.items():
            if not queue:
                continue
            boarded = flight[partition] = [queue.popleft()]
            size, events = len(boarded[0].parcel.payload), boarded[0].parcel.event_count
            while queue:
                parcel = queue[0].parcel
                size += len(parcel.payload)
                events += parcel.event_count
                if size > MAX_ENTRY_BYTES or events > MAX_ENTRY_EVENTS:
                    break
                boarded.append(queue.popleft())
        return flight

    async def _fly(self, flight: dict[int, list[_Waiting]]) -> None:
        started = monotonic_seconds()
        try:
            async with asyncio.timeout(FLIGHT_SECONDS):
                replies = await self._exchange(flight)
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("publish_failed", error=type(error).__name__)
            await self._close()
            self._land([waiting for boarded in flight.values() for waiting in boarded], is_durable=False)
            # The server is gone: what waits behind would only wait for the same.
            for queue in self._queues.values():
                self._land(queue, is_durable=False)
                queue.clear()
            return
        for boarded, reply in zip(flight.values(), replies, strict=True):
            if reply is not None:
                # OOM, MISCONF, LOADING, READONLY, NOAUTH, MOVED, CLUSTERDOWN...: the server answers, and refuses.
                log.warning("publish_refused", error=reply.partition(" ")[0])
            self._land(boarded, is_durable=reply is None)
        self._metrics.publish_seconds.observe(monotonic_seconds() - started)

    async def _exchange(self, flight: dict[int, list[_Waiting]]) -> list[str | None]:
        """The refusals of the XADDs of `flight`, in its order."""
        if self._wire is None or not self._wire.is_open:
            await self._close()
            self._wire = await open_wire(self._pool)
        parts: list[bytes] = []
        for partition, boarded in flight.items():
            _pack_xadd(parts, stream_key(partition).encode(), [waiting.parcel.payload for waiting in boarded])
        return await self._wire.exchange(b"".join(parts), len(flight))

    async def _close(self) -> None:
        wire, self._wire = self._wire, None
        if wire is not None:
            await wire.close()

    def _land(self, waitings: Iterable[_Waiting], *, is_durable: bool) -> None:
        for parcel, done in waitings:
            self.pending_bytes -= len(parcel.payload)
            # The waiter may have gone, its request cut; its events are in the entry all the same.
            if done.done():
                continue
            if is_durable:
                done.set_result(None)
            else:
                done.set_exception(unavailable())


def _pack_xadd(parts: list[bytes], key: bytes, payloads: Sequence[bytes]) -> None:
    """XADD key * 0 payload 1 payload ..., in the wire format (RESP): equal field names would be lost
    to clients that read an entry as a map."""
    parts.append(b"*%d\r\n$4\r\nXADD\r\n$%d\r\n%b\r\n$1\r\n*\r\n" % (3 + 2 * len(payloads), len(key), key))
    for index, payload in enumerate(payloads):
        name = b"%d" % index
        parts.append(b"$%d\r\n%b\r\n$%d\r\n%b\r\n" % (len(name), name, len(payload), payload))
