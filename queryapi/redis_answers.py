"""Answers that all query APIs share, in a Redis that may be away, slow or wrong: then they are made anew."""

import asyncio
import hmac
from datetime import datetime
from heapq import heappop, heappush
from typing import NamedTuple

import msgspec
import structlog
from prometheus_client import CollectorRegistry, Counter
from redis.asyncio import Redis
from redis.exceptions import RedisError

from queryapi.memory import Entry, entry_bytes
from shared.clock import monotonic_seconds

log = structlog.get_logger()

# Longer than this an answer may not wait for the cache; most are made within it.
ANSWER_SECONDS = 0.1
# How long Redis is left alone after it failed.
REST_SECONDS = 5.0
# What is kept for less is not worth a write.
MIN_AGE_SECONDS = 5
_MAC_BYTES = 16


class _Written(NamedTuple):
    until_seconds: float
    size_bytes: int


class RedisAnswers:
    """Every value is signed together with its question: what somebody else wrote, or cut, or put in another's
    place, is no answer. All that this process wrote and that has not run out takes `limit_bytes` at most."""

    def __init__(self, redis: Redis, key: bytes, limit_bytes: int, registry: CollectorRegistry) -> None:
        self._redis = redis
        self._key = key
        self._limit_bytes = limit_bytes
        self._written: list[_Written] = []
        self._written_bytes = 0
        self._rests_until = 0.0
        self._failures = Counter(
            "query_cache_redis_failures_total", "Times the Redis of the cache did not serve.", registry=registry
        )

    async def get(self, digest: bytes) -> Entry | None:
        """What is kept of a question, fresh or not; None too where Redis does not serve."""
        if monotonic_seconds() < self._rests_until:
            return None
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                found: object = await self._redis.get(_name(digest))
        except (RedisError, OSError, TimeoutError) as error:
            self._rest(error)
            return None
        return self._opened(digest, found) if isinstance(found, bytes) else None

    async def put(self, digest: bytes, entry: Entry, now: datetime) -> None:
        """Keep the entry until its time runs out, where there is room for it and Redis serves."""
        left = entry.rendered.max_age_seconds - (now - entry.made_at).total_seconds()
        size = entry_bytes(entry)
        if entry.rendered.max_age_seconds < MIN_AGE_SECONDS or left <= 0 or not self._has_room(size):
            return
        if monotonic_seconds() < self._rests_until:
            return
        content = msgspec.msgpack.encode(entry)
        # Counted before it is known to be written: what a failed write left behind counts as well.
        heappush(self._written, _Written(monotonic_seconds() + left, size))
        self._written_bytes += size
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._redis.set(_name(digest), self._mac(digest, content) + content, px=int(left * 1000))
        except (RedisError, OSError, TimeoutError) as error:
            self._rest(error)

    def _opened(self, digest: bytes, found: bytes) -> Entry | None:
        mac, content = found[:_MAC_BYTES], found[_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(digest, content)):
            return None
        try:
            return msgspec.msgpack.decode(content, type=Entry)
        except msgspec.DecodeError:
            # Signed by another version of this code.
            return None

    def _has_room(self, size: int) -> bool:
        while self._written and self._written[0].until_seconds <= monotonic_seconds():
            self._written_bytes -= heappop(self._written).size_bytes
        return size <= self._limit_bytes // 8 and self._written_bytes + size <= self._limit_bytes

    def _rest(self, error: Exception) -> None:
        self._failures.inc()
        self._rests_until = monotonic_seconds() + REST_SECONDS
        log.warning("cache_redis_failed", error=type(error).__name__)

    def _mac(self, digest: bytes, content: bytes) -> bytes:
        return hmac.digest(self._key, digest + content, "sha256")[:_MAC_BYTES]


def _name(digest: bytes) -> str:
    return f"cache:{digest.hex()}"
