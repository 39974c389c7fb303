"""The stream partitions on the nodes of a cluster, of which one that is lost stops no other."""

import time
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager

import msgspec
import redis
import structlog

from shared.clock import monotonic_seconds
from shared.cluster import FOLLOW_SECONDS, SLOTS_COMMAND, partitions_by_node
from worker.batch import Entry
from worker.inbox import Depth, Inbox, Waiting, connect_redis

# Short, because the other nodes' partitions wait meanwhile.
NODE_TIMEOUT_SECONDS = 2.0
# How long a node that did not answer, or refused, is left alone: so many times the wait for it.
REST_FACTOR = 2
# Between two looks while nothing comes: no command waits for streams of several slots.
LOOK_EVERY_SECONDS = 0.02

log = structlog.stdlib.get_logger()


class ClusterInbox:
    """An `Inbox` over the nodes that have the partitions. Raises redis.RedisError when none tells who has what.

    From a node that does not answer nothing comes, and nothing is read there until the depth of the partition is told
    again: what a lost answer held is pending, and to be taken over before what follows it. So is what could not be
    acknowledged; the ledger knows that it is written."""

    def __init__(self, seeds: Sequence[str], partitions: int, timeout_seconds: float = NODE_TIMEOUT_SECONDS) -> None:
        self._partitions = range(partitions)
        self._timeout_seconds = timeout_seconds
        # Every node that ever had a stream, by its URL; those that failed behind the others.
        self._clients = {url: connect_redis(url, timeout_seconds) for url in seeds}
        self._node_of: dict[int, str] = {}
        self._followed_at = float("-inf")
        self._rests_until: dict[str, float] = {}
        # Partitions that are not read.
        self._in_doubt = set[int]()

    def open(self, partitions: Iterable[int]) -> None:
        for node, owned in self._nodes(partitions).items():
            with self._inbox(node) as inbox:
                inbox.open(owned)

    def read(self, partitions: Sequence[int], count: int, block_milliseconds: int) -> list[Entry]:
        until = monotonic_seconds() + block_milliseconds / 1000
        while True:
            entries: list[Entry] = []
            for node, owned in self._nodes(set(partitions) - self._in_doubt).items():
                with self._inbox(node) as inbox:
                    entries += inbox.read_each(owned, count)
            left = until - monotonic_seconds()
            if entries or left <= 0:
                return entries
            time.sleep(min(left, LOOK_EVERY_SECONDS))

    def waiting(self, partition: int) -> list[Waiting]:
        for node in self._nodes([partition]):
            with self._inbox(node) as inbox:
                return inbox.waiting(partition)
        return []

    def claim(self, partition: int, entry_ids: Sequence[str]) -> list[Entry]:
        for node in self._nodes([partition]):
            with self._inbox(node) as inbox:
                return inbox.claim(partition, entry_ids)
        return []

    def lay_down(self, entries: Sequence[Entry]) -> None:
        for node, owned in self._nodes(entry.partition for entry in entries).items():
            with self._inbox(node) as inbox:
                inbox.lay_down(entry for entry in entries if entry.partition in owned)

    def acknowledge(self, entries: Sequence[Entry]) -> None:
        for node, owned in self._nodes(entry.partition for entry in entries).items():
            with self._inbox(node) as inbox:
                inbox.acknowledge_each(entry for entry in entries if entry.partition in owned)

    def depth(self, partition: int) -> Depth:
        for node in self._nodes([partition]):
            with self._inbox(node) as inbox:
                depth = inbox.depth(partition)
                self._in_doubt.discard(partition)
                return depth
        return Depth(0, 0, None)

    @contextmanager
    def _inbox(self, node: str) -> Generator[Inbox]:
        """What the node has. When it does not answer the block ends without an error, and the node rests."""
        try:
            yield Inbox(self._clients[node])
        except redis.RedisError as error:
            log.warning("node_rests", error=type(error).__name__)
            self._rests_until[node] = monotonic_seconds() + REST_FACTOR * self._timeout_seconds
            self._in_doubt.update(partition for partition, owner in self._node_of.items() if owner == node)
            self._clients[node] = self._clients.pop(node)

    def _nodes(self, partitions: Iterable[int]) -> dict[str, set[int]]:
        """The partitions by the node that has them, without nodes that rest."""
        self._follow()
        now = monotonic_seconds()
        found: dict[str, set[int]] = {}
        for partition in partitions:
            node = self._node_of.get(partition)
            if node is not None and self._rests_until.get(node, now) <= now:
                found.setdefault(node, set()).add(partition)
        return found

    def _follow(self) -> None:
        if monotonic_seconds() - self._followed_at < FOLLOW_SECONDS:
            return
        problem: Exception | None = None
        for url, client in list(self._clients.items()):
            try:
                # redis-py gives no type for what any command answers, here and below.
                answer: object = client.execute_command(SLOTS_COMMAND)  # pyright: ignore[reportUnknownVariableType]
                found = partitions_by_node(answer, url, self._partitions)  # pyright: ignore[reportUnknownArgumentType]
            except (redis.RedisError, msgspec.ValidationError) as error:
                self._clients[url] = self._clients.pop(url)
                problem = error
                continue
            for node in found.keys() - self._clients.keys():
                self._clients[node] = connect_redis(node, self._timeout_seconds)
            self._node_of = {partition: node for node, owned in found.items() for partition in owned}
            self._followed_at = monotonic_seconds()
            return
        raise redis.ConnectionError("no node of the cluster says who has what") from problem
