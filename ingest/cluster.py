"""Follows a cluster: asks every second which node has which stream, and sends the lanes there."""

import asyncio
from collections.abc import Sequence

import msgspec
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from ingest.connection import connect
from ingest.lane import Lane
from ingest.metrics import IngestMetrics
from shared.cluster import FOLLOW_SECONDS, SLOTS_COMMAND, partitions_by_node

log = structlog.get_logger()


class Follower:
    """A lane for each partition, and where it leads; `run` must be running, and closes what it opened.

    A lane for each, because then it can lead elsewhere from one flight to the next, no flight of it is
    overtaken by another on the way, and a node that hangs or is lost holds up its own partitions alone."""

    def __init__(self, seeds: Sequence[str], partitions: Sequence[int], metrics: IngestMetrics) -> None:
        # Every node that ever had a stream, the one that answered last before the others.
        self._clients: dict[str, Redis] = {url: connect(url) for url in seeds}
        # Until it is known who has what: this one refuses what is not its own.
        first = self._clients[seeds[0]].connection_pool
        self.lanes = [Lane(first, [partition], metrics) for partition in partitions]
        # The nodes and their partitions as last heard; changed in place.
        self.routes: dict[Redis, Sequence[int]] = {}

    async def run(self) -> None:
        """Follow for ever."""
        try:
            while True:
                await asyncio.sleep(FOLLOW_SECONDS)
                await self.follow()
        finally:
            for client in self._clients.values():
                await client.aclose()

    async def follow(self) -> None:
        """Ask one node after another until one tells; what was known stays when none does."""
        partitions = range(len(self.lanes))
        for url, client in list(self._clients.items()):
            try:
                # redis-py gives no type for what any command answers, here and below.
                answer: object = await client.execute_command(SLOTS_COMMAND)  # pyright: ignore[reportUnknownVariableType]
                found = partitions_by_node(answer, url, partitions)  # pyright: ignore[reportUnknownArgumentType]
            except (RedisError, OSError, msgspec.ValidationError) as error:
                self._clients[url] = self._clients.pop(url)
                log.warning("cluster_not_followed", error=type(error).__name__)
                continue
            for node in found.keys() - self._clients.keys():
                self._clients[node] = connect(node)
            self._lead({self._clients[node]: owned for node, owned in found.items()})
            return

    def _lead(self, routes: dict[Redis, Sequence[int]]) -> None:
        if routes == self.routes:
            return
        self.routes.clear()
        self.routes.update(routes)
        for client, owned in routes.items():
            for partition in owned:
                self.lanes[partition].pool = client.connection_pool
        log.info("cluster_followed", nodes=len(routes))
