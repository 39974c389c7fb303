"""Follows a cluster: asks every second which node has which stream, and has it go there."""

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
    """A lane to each node, and which partitions go by it; `run` must be running, and closes what it opened.

    A node that hangs or is lost holds up its own partitions alone. What waits in a lane when its partition moves is
    refused by the node that it leads to."""

    def __init__(self, seeds: Sequence[str], partitions: Sequence[int], metrics: IngestMetrics) -> None:
        # Every node that ever had a stream, the one that answered last before the others.
        self._clients: dict[str, Redis] = {url: connect(url) for url in seeds}
        self._metrics = metrics
        self._lane_to: dict[Redis, Lane] = {}
        # These are changed in place. Every lane there is, and those that run.
        self.lanes: list[Lane] = []
        self.jobs: list[asyncio.Task[None]] = []
        # Until it is known who has what, one node, which refuses what is not its own.
        self.lane_of = dict.fromkeys(partitions, self._find_lane(self._clients[seeds[0]]))
        # The nodes and their partitions as last heard.
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
        await self._ask()
        self.jobs += [asyncio.create_task(lane.run()) for lane in self.lanes[len(self.jobs) :]]

    async def _ask(self) -> None:
        for url, client in list(self._clients.items()):
            try:
                # redis-py gives no type for what any command answers, here and below.
                answer: object = await client.execute_command(SLOTS_COMMAND)  # pyright: ignore[reportUnknownVariableType]
                found = partitions_by_node(answer, url, self.lane_of)  # pyright: ignore[reportUnknownArgumentType]
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
            self.lane_of.update(dict.fromkeys(owned, self._find_lane(client)))
        log.info("cluster_followed", nodes=len(routes))

    def _find_lane(self, client: Redis) -> Lane:
        lane = self._lane_to.get(client)
        if lane is None:
            lane = self._lane_to[client] = Lane(client.connection_pool, self._metrics)
            self.lanes.append(lane)
        return lane
