"""An attack on a gateway while ordinary visitors go on, and what both of them see."""

import asyncio
from collections import Counter
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from statistics import quantiles

import psutil

from tests.hostile.visitor import Visitor

VISITORS = 4


@dataclass
class Seen:
    """Of the visitors, and of the gateway's memory (bytes) and descriptors at the worst moment."""

    statuses: Counter[int] = field(default_factory=Counter[int])
    seconds: list[float] = field(default_factory=list[float])
    most_memory: int = 0
    most_descriptors: int = 0

    def p99_ms(self) -> float:
        return 1000 * quantiles(self.seconds, n=100)[98]


async def watch(port: int, gateway: psutil.Process, attack: AbstractAsyncContextManager[None], requests: int) -> Seen:
    """Watch under `attack` until the visitors have had `requests` answers."""
    seen = Seen()
    visitors = [Visitor(port) for _ in range(VISITORS)]
    async with attack:
        browsing = [asyncio.create_task(visitor.browse()) for visitor in visitors]
        try:
            while sum(len(visitor.seconds) for visitor in visitors) < requests:
                seen.most_memory = max(seen.most_memory, gateway.memory_info().rss)
                seen.most_descriptors = max(seen.most_descriptors, gateway.num_fds())
                await asyncio.sleep(0.05)
        finally:
            for task in browsing:
                task.cancel()
            await asyncio.gather(*browsing, return_exceptions=True)
    for visitor in visitors:
        seen.statuses += visitor.statuses
        seen.seconds += visitor.seconds
    return seen
