"""Watches the Redis behind the streams: how full it is, and what its acknowledgement is worth (RELIABILITY 2)."""

import asyncio
from collections.abc import Mapping
from typing import Literal

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from ingest.metrics import IngestMetrics
from ingest.publish import Publisher
from shared.settings import Settings
from shared.stream import CONSUMER_GROUP, stream_key

CHECK_EVERY_SECONDS = 1.0
# Above this share of `maxmemory` the workers still need room to drain the streams.
MEMORY_SHARE = 0.8

# What a 202 means: `always` survives a power cut, `everysec` may lose about 3 s, `none` everything.
Durability = Literal["always", "everysec", "none", "unknown"]

log = structlog.get_logger()


class Backlog:
    """Closes the publisher while Redis holds too much or keeps nothing; `run` must be running."""

    def __init__(self, redis: Redis, publisher: Publisher, metrics: IngestMetrics, settings: Settings) -> None:
        self._redis = redis
        self._publisher = publisher
        self._metrics = metrics
        self._settings = settings
        self._has_groups = False
        self.durability: Durability = "unknown"

    @property
    def closed_because(self) -> str | None:
        return self._publisher.closed_because

    async def run(self) -> None:
        """Check for ever."""
        while True:
            try:
                await self.check()
            except (RedisError, OSError) as error:
                # Not a reason to close: publishing finds out by itself, and recovers by itself.
                log.warning("backlog_not_checked", error=type(error).__name__)
            await asyncio.sleep(CHECK_EVERY_SECONDS)

    async def check(self) -> None:
        """One round; raises RedisError or OSError when Redis cannot be asked."""
        if self.durability == "unknown":
            self.durability = await self._read_durability()
        if not self._has_groups:
            await self._create_groups()
        pipeline = self._redis.pipeline(transaction=False)
        for partition in range(self._settings.stream_partitions):
            pipeline.xlen(stream_key(partition))
        pipeline.info("memory")
        *lengths, memory = await pipeline.execute()
        self._metrics.stream_length.set(sum(lengths))
        self._metrics.pending_bytes.set(self._publisher.pending_bytes)
        self._publisher.closed_because = self._reason(sum(lengths), memory["used_memory"], memory["maxmemory"])

    def _reason(self, length: int, used_bytes: int, max_bytes: int) -> str | None:
        if self.durability == "none" and not self._settings.is_development:
            return "not_durable"
        if length >= self._settings.max_backlog:
            return "backlog"
        if max_bytes and used_bytes >= MEMORY_SHARE * max_bytes:
            return "memory"
        return None

    async def _create_groups(self) -> None:
        """The worker does the same: whoever comes first, no entry is before the group (RELIABILITY C38)."""
        for partition in range(self._settings.stream_partitions):
            try:
                await self._redis.xgroup_create(stream_key(partition), CONSUMER_GROUP, id="0", mkstream=True)
            except ResponseError as error:
                if not str(error).startswith("BUSYGROUP"):
                    raise
        self._has_groups = True

    async def _read_durability(self) -> Durability:
        try:
            config = await self._redis.config_get("appendonly", "appendfsync", "maxmemory-policy")
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
