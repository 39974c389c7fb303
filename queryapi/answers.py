"""Answers that are kept, and those under way: the same question is computed once (SPEC R71)."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge

from queryapi.memory import Entry, Memory
from queryapi.question import Question
from queryapi.redis_answers import RedisAnswers
from queryapi.rendered import Rendered


class Found(NamedTuple):
    """An answer, and since when it was kept; None for one that was just made."""

    rendered: Rendered
    cached_at: datetime | None


@dataclass
class _Flight:
    task: "asyncio.Task[Found]"
    waiting: int = 0


class Answers:
    """Kept in memory, and in Redis where there is one for it, each as long as its reader may keep it and nothing
    has changed."""

    def __init__(self, memory: Memory, redis: RedisAnswers | None, registry: CollectorRegistry) -> None:
        self._memory = memory
        self._redis = redis
        self._flights: dict[tuple[bytes, str], _Flight] = {}
        self._found = Counter(
            "query_answers_total",
            "Answers by where they came from: memory, redis, joined (computed for somebody else), database.",
            ["source"],
            registry=registry,
        )
        Gauge("query_cache_bytes", "Bytes of answers kept in memory.", registry=registry).set_function(
            lambda: float(memory.bytes)
        )

    async def find(self, question: Question, version: str, make: Callable[[], Awaitable[Entry]]) -> Found:
        """The answer to `question` on data of `version`. `make` computes it, for everybody who asks meanwhile;
        who goes away takes it from nobody else. Raises what `make` raises."""
        entry = self._memory.get(question.digest)
        if entry is not None and entry.is_fresh(version, question.asked_at):
            self._found.labels("memory").inc()
            return Found(entry.rendered, entry.made_at)
        key = (question.digest, version)
        flight = self._flights.get(key)
        if flight is not None:
            self._found.labels("joined").inc()
        else:
            flight = self._flights[key] = _Flight(asyncio.create_task(self._make(question, version, make)))
            flight.task.add_done_callback(lambda _: self._land(key, flight))
        return await self._wait(key, flight)

    async def _wait(self, key: tuple[bytes, str], flight: _Flight) -> Found:
        flight.waiting += 1
        try:
            return await asyncio.shield(flight.task)
        finally:
            flight.waiting -= 1
            if not flight.waiting and not flight.task.done():
                # Nobody is left who wants it; whoever comes now begins anew.
                self._land(key, flight)
                flight.task.cancel()

    def _land(self, key: tuple[bytes, str], flight: _Flight) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]

    async def _make(self, question: Question, version: str, make: Callable[[], Awaitable[Entry]]) -> Found:
        entry = None if self._redis is None else await self._redis.get(question.digest)
        if entry is not None and entry.is_fresh(version, question.asked_at):
            self._found.labels("redis").inc()
            self._memory.put(question.digest, entry)
            return Found(entry.rendered, entry.made_at)
        self._found.labels("database").inc()
        entry = await make()
        self._memory.put(question.digest, entry)
        if self._redis is not None:
            await self._redis.put(question.digest, entry, question.asked_at)
        return Found(entry.rendered, None)
