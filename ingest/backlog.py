"""Watches what holds the streams: how full it is, and what its acknowledgement is worth (RELIABILITY 2)."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import structlog
from redis.asyncio import Redis
from redis.exceptions import OutOfMemoryError, RedisError, ResponseError

from ingest.metrics import IngestMetrics
from ingest.publish import Publisher
from shared.settings import Settings
from shared.stream import CONSUMER_GROUP, stream_key

CHECK_EVERY_SECONDS = 1.0
# Above this share of `maxmemory` the workers still need room to drain the streams.
MEMORY_SHARE = 0.8

# What a 202 means: `always` survives a power cut, `everysec` may lose about 3 s, `none` everything.
Durability = Literal["always", "everysec", "none", "unknown"]

_WEAKEST_FIRST: tuple[Durability, ...] = ("none", "unknown", "everysec", "always")

log = structlog.get_logger()


class _Measure(NamedTuple):
    """Of one server: entries in its streams, whether its memory is full, and what it promises."""

    length: int
    is_full: bool
    durability: Durability


class Backlog:
    """Closes the publisher while Redis holds too much or keeps nothing; `run` must be running.

    `routes` are the servers with the partitions of each, and may change meanwhile."""

    def __init__(
        self,
        routes: Mapping[Redis, Sequence[int]],
        publisher: Publisher,
        metrics: IngestMetrics,
        settings: Settings,
    ) -> None:
        self._routes = routes
        self._publisher = publisher
        self._metrics = metrics
        self._settings = settings
        # Partitions that have a group, and what servers have said of themselves.
        self._grouped = set[int]()
        self._promises: dict[Redis, Durability] = {}
        # The weakest of the servers that answered the last check.
        self.durability: Durability = "unknown"
        # Whether any of them answered it; True before the first.
        self.is_reachable = True

    @property
    def closed_because(self) -> str | None:
        return self._publisher.closed_because

    async def run(self) -> None:
        """Check for ever."""
        while True:
            await self.check()
            await asyncio.sleep(CHECK_EVERY_SECONDS)

    async def check(self) -> None:
        """One round. A server that does not answer is no reason to close: publishing finds out by itself, and
        recovers by itself."""
        servers = [self._measure(server, partitions) for server, partitions in self._routes.items()]
        found: list[_Measure] = []
        for outcome in await asyncio.gather(*servers, return_exceptions=True):
            if isinstance(outcome, (RedisError, OSError)):
                log.warning("backlog_not_checked", error=type(outcome).__name__)
            elif isinstance(outcome, BaseException):
                raise outcome
            else:
                found.append(outcome)
        self.is_reachable = bool(found)
        if not found:
            return
        self.durability = min(found, key=lambda each: _WEAKEST_FIRST.index(each.durability)).durability
        length = sum(each.length for each in found)
        self._metrics.stream_length.set(length)
        self._metrics.pending_bytes.set(self._publisher.pending_bytes)
        self._publisher.closed_because = self._reason(length, is_full=any(each.is_full for each in found))

    async def _measure(self, server: Redis, partitions: Sequence[int]) -> _Measure:
        if self._promises.get(server, "unknown") == "unknown":
            self._promises[server] = await _read_durability(server)
        if not self._grouped.issuperset(partitions):
            await self._create_groups(server, partitions)
        pipeline = server.pipeline(transaction=False)
        for partition in partitions:
            pipeline.xlen(stream_key(partition))
        pipeline.info("memory")
        *lengths, memory = await pipeline.execute()
        limit = memory["maxmemory"]
        is_full = bool(limit) and memory["used_memory"] >= MEMORY_SHARE * limit
        return _Measure(sum(lengths), is_full, self._promises[server])

    def _reason(self, length: int, *, is_full: bool) -> str | None:
        if self.durability == "none" and not self._settings.is_development:
            return "not_durable"
        if length >= self._settings.max_backlog:
            return "backlog"
        return "memory" if is_full else None

    async def _create_groups(self, server: Redis, partitions: Sequence[int]) -> None:
        """The worker does the same: whoever comes first, no entry is before the group (RELIABILITY C38)."""
        for partition in partitions:
            try:
                await server.xgroup_create(stream_key(partition), CONSUMER_GROUP, id="0", mkstream=True)
            except OutOfMemoryError:
                # That is measured next; the group is made when there is room again.
                return
            except ResponseError as error:
                if not str(error).startswith("BUSYGROUP"):
                    raise
        self._grouped.update(partitions)


async def _read_durability(server: Redis) -> Durability:
    try:
        config = await server.config_get("appendonly", "appendfsync", "maxmemory-policy")
    except ResponseError:
        log.warning("durability_unknown")
        return "unknown"
    durability = _durability(config)
    if durability != "always":
        log.warning("durability_weak", durability=durability)
    return durability


def _durability(config: Mapping[str | None, str | None]) -> Durability:
    if config["appendonly"] != "yes" or config["maxmemory-policy"] != "noeviction" or config["appendfsync"] == "no":
        return "none"
    return "always" if config["appendfsync"] == "always" else "everysec"
