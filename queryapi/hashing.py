"""Passwords hashed beside the requests, a few at a time: each takes 64 MiB and a core."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from prometheus_client import CollectorRegistry, Counter

from shared.errors import AppError
from shared.passwords import hash_password, is_password, make_password

T = TypeVar("T")
MAX_AT_ONCE = 2
# 0.1 s each on a core of its own: the last of them waits for three seconds.
MAX_WAITING = 60


class Hashing:
    """Hashes and checks passwords in threads."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._free = asyncio.Semaphore(MAX_AT_ONCE)
        self._waiting = 0
        self._nobody: str | None = None
        self._hashed = Counter("password_hashes_total", "Passwords hashed or checked.", registry=registry)

    async def hash(self, password: str) -> str:
        """What is kept of the password; raises AppError 503 when too many wait."""
        return await self._run(lambda: hash_password(password))

    async def check(self, kept: str | None, password: str) -> bool:
        """Whether it is the password of somebody; for nobody, None, the same work and False."""
        if self._nobody is None:
            self._nobody = await self._run(lambda: hash_password(make_password()))
        against = kept or self._nobody
        is_same = await self._run(lambda: is_password(against, password))
        return is_same and kept is not None

    async def _run(self, work: Callable[[], T]) -> T:
        if self._waiting >= MAX_WAITING:
            raise AppError(503, "overloaded", "too many passwords to check", headers={"Retry-After": "5"})
        self._waiting += 1
        try:
            async with self._free:
                self._hashed.inc()
                return await asyncio.to_thread(work)
        finally:
            self._waiting -= 1
