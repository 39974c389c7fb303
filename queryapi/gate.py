"""How many reports one token may have under way, so that it takes the database from nobody else."""

import asyncio
from collections.abc import AsyncGenerator, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter

from shared.errors import AppError

RETRY_AFTER_SECONDS = 5
# A page asks for a dozen reports at once; the next one of a token that has so many waiting is told to come back.
MAX_WAITING = 50


@dataclass
class _Place:
    free: asyncio.Semaphore
    asking: int = 0


class Gate:
    """Lets in `most` at a time of each; the others wait `wait_seconds` at most, without a connection."""

    def __init__(self, most: int, wait_seconds: float, registry: CollectorRegistry) -> None:
        self._most = most
        self._wait_seconds = wait_seconds
        self._places: dict[Hashable, _Place] = {}
        self._refused = Counter(
            "query_reports_refused_total", "Reports refused because their token had too many.", registry=registry
        )

    @asynccontextmanager
    async def enter(self, who: Hashable) -> AsyncGenerator[None]:
        """A place among those of `who`; raises AppError 503 where none becomes free."""
        place = self._places.setdefault(who, _Place(asyncio.Semaphore(self._most)))
        if place.asking >= self._most + MAX_WAITING:
            raise self._refuse()
        place.asking += 1
        try:
            try:
                async with asyncio.timeout(self._wait_seconds):
                    await place.free.acquire()
            except TimeoutError as error:
                raise self._refuse() from error
            try:
                yield
            finally:
                place.free.release()
        finally:
            place.asking -= 1
            if not place.asking:
                del self._places[who]

    def _refuse(self) -> AppError:
        self._refused.inc()
        return AppError(
            503,
            "too_many_reports",
            f"token: has {self._most} reports under way, which is the most; ask again when they are there",
            headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
        )
