"""The stream partitions as the worker uses them: read, take over, acknowledge.

A partition has one owner at a time, so the group has one consumer of a fixed name: what is pending is
pending for whoever owns the partition now. The count of deliveries of a pending entry is kept as the
count of workers that died with the entry in hand: whoever lays entries down alive sets it back.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeAlias

import msgspec
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from shared.stream import CONSUMER_GROUP, stream_key
from worker.batch import Entry

CONSUMER = "owner"
# Above a blocking read's longest wait, below what an operator would call hung.
SOCKET_TIMEOUT_SECONDS = 10.0
# Pending entries looked at in one go when a partition is taken.
PENDING_PAGE = 1000

# An entry's id, and its field names and values by turns; None for one that is pending but deleted.
Message: TypeAlias = tuple[bytes, list[bytes] | None]


class Waiting(NamedTuple):
    """A pending entry: its id, and how many times it was delivered."""

    entry_id: str
    deliveries: int


class Depth(NamedTuple):
    """How full a partition is. `oldest_milliseconds` is the time of the oldest entry in it, if any."""

    length: int
    pending: int
    oldest_milliseconds: int | None

    @property
    def lag(self) -> int:
        """Entries not yet delivered: every entry that was acknowledged has been deleted."""
        return max(0, self.length - self.pending)


def connect_redis(url: str, timeout_seconds: float = SOCKET_TIMEOUT_SECONDS) -> redis.Redis:
    """A client that leaves retries to the worker: a repeated XREADGROUP would skip what the lost answer held."""
    client = redis.Redis.from_url(
        url,
        protocol=2,
        retry=Retry(NoBackoff(), 0),
        socket_timeout=timeout_seconds,
        socket_connect_timeout=timeout_seconds,
    )
    # redis-py would build dicts of the field pairs only to have them taken apart again.
    for command in ("XREADGROUP", "XCLAIM", "XRANGE", "XPENDING"):
        client.set_response_callback(command, _as_it_is)
    return client


class Inbox:
    """Raises redis.RedisError from every method; none is retried."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    def open(self, partitions: Iterable[int]) -> None:
        """Make sure that the streams and the group exist. From 0: what lies there already was accepted."""
        for partition in partitions:
            try:
                self._client.xgroup_create(stream_key(partition), CONSUMER_GROUP, "0", mkstream=True)
            except redis.ResponseError as error:
                if not str(error).startswith("BUSYGROUP"):
                    raise

    def read(self, partitions: Sequence[int], count: int, block_milliseconds: int) -> list[Entry]:
        """New entries, at most `count` of each partition; waits so long for the first. A stream that has
        vanished is created again and read at the next call."""
        keys = {stream_key(partition).encode(): partition for partition in partitions}
        block = ("BLOCK", block_milliseconds) if block_milliseconds > 0 else ()
        try:
            answer = self._ask(
                "XREADGROUP",
                "GROUP",
                CONSUMER_GROUP,
                CONSUMER,
                "COUNT",
                count,
                *block,
                "STREAMS",
                *keys,
                *[">"] * len(keys),
            )
        except redis.ResponseError as error:
            if not str(error).startswith("NOGROUP"):
                raise
            self.open(partitions)
            return []
        streams = msgspec.convert(answer or (), list[tuple[bytes, list[Message]]])
        return [entry for key, messages in streams for entry in _entries(keys[key], messages)]

    def read_each(self, partitions: Iterable[int], count: int) -> list[Entry]:
        """New entries, at most `count` of each partition, without waiting: by a command for each, which together go to
        a node of a cluster. Raises when a partition is refused, unless others had entries: they are delivered."""
        wanted = list(partitions)
        pipeline = self._client.pipeline(transaction=False)
        for partition in wanted:
            stream = stream_key(partition)
            pipeline.execute_command(
                "XREADGROUP", "GROUP", CONSUMER_GROUP, CONSUMER, "COUNT", count, "STREAMS", stream, ">"
            )
        entries: list[Entry] = []
        problem: Exception | None = None
        for partition, answer in zip(wanted, pipeline.execute(raise_on_error=False), strict=True):
            if isinstance(answer, redis.ResponseError) and str(answer).startswith("NOGROUP"):
                self.open([partition])
            elif isinstance(answer, Exception):
                problem = answer
            elif answer:
                ((_, messages),) = msgspec.convert(answer, list[tuple[bytes, list[Message]]])
                entries += _entries(partition, messages)
        if problem is not None and not entries:
            raise problem
        return entries

    def waiting(self, partition: int) -> list[Waiting]:
        """The oldest pending entries, at most PENDING_PAGE."""
        answer = self._ask("XPENDING", stream_key(partition), CONSUMER_GROUP, "-", "+", PENDING_PAGE)
        rows = msgspec.convert(answer, list[tuple[bytes, bytes, int, int]])
        return [Waiting(entry_id.decode(), deliveries) for entry_id, _, _, deliveries in rows]

    def claim(self, partition: int, entry_ids: Sequence[str]) -> list[Entry]:
        """Deliver pending entries again. One whose content is gone leaves the pending list."""
        answer = self._ask("XCLAIM", stream_key(partition), CONSUMER_GROUP, CONSUMER, 0, *entry_ids)
        return _entries(partition, msgspec.convert(answer, list[Message]))

    def lay_down(self, entries: Iterable[Entry]) -> None:
        """Leave entries pending as if never delivered: it was not they that stopped the worker."""
        for partition, entry_ids in _ids_by_partition(entries).items():
            self._ask(
                "XCLAIM", stream_key(partition), CONSUMER_GROUP, CONSUMER, 0, *entry_ids, "RETRYCOUNT", 0, "JUSTID"
            )

    def acknowledge(self, entries: Iterable[Entry]) -> None:
        """Remove written entries from their streams, all of them or none."""
        with self._client.pipeline(transaction=True) as pipeline:
            for partition, entry_ids in _ids_by_partition(entries).items():
                key = stream_key(partition)
                pipeline.xack(key, CONSUMER_GROUP, *entry_ids)
                pipeline.xdel(key, *entry_ids)
            pipeline.execute()

    def acknowledge_each(self, entries: Iterable[Entry]) -> None:
        """Remove written entries from their streams on a node of a cluster, which has no transaction over several.
        Of one that is deleted and still pending nothing is left to write."""
        pipeline = self._client.pipeline(transaction=False)
        for partition, entry_ids in _ids_by_partition(entries).items():
            key = stream_key(partition)
            pipeline.xdel(key, *entry_ids)
            pipeline.xack(key, CONSUMER_GROUP, *entry_ids)
        pipeline.execute()

    def depth(self, partition: int) -> Depth:
        """How much waits in the partition."""
        key = stream_key(partition)
        length = msgspec.convert(self._ask("XLEN", key), int)
        if length == 0:
            return Depth(0, 0, None)
        pending, *_ = msgspec.convert(self._ask("XPENDING", key, CONSUMER_GROUP), tuple[int, object, object, object])
        oldest = msgspec.convert(self._ask("XRANGE", key, "-", "+", "COUNT", 1), list[Message])
        milliseconds = int(oldest[0][0].partition(b"-")[0]) if oldest else None
        return Depth(length, pending, milliseconds)

    def _ask(self, *words: str | bytes | int) -> object:
        # redis-py gives no type for what any command answers.
        return self._client.execute_command(*words)  # pyright: ignore[reportUnknownVariableType]


def _entries(partition: int, messages: Iterable[Message]) -> list[Entry]:
    entries: list[Entry] = []
    for entry_id, fields in messages:
        # Deleted between delivery and now: nothing is left to write.
        if fields is not None:
            milliseconds, _, sequence = entry_id.partition(b"-")
            entries.append(Entry(partition, int(milliseconds), int(sequence), tuple(fields[1::2])))
    return entries


def _ids_by_partition(entries: Iterable[Entry]) -> dict[int, list[str]]:
    ids: dict[int, list[str]] = {}
    for entry in entries:
        ids.setdefault(entry.partition, []).append(f"{entry.milliseconds}-{entry.sequence}")
    return ids


def _as_it_is(answer: object, **_options: object) -> object:
    return answer
