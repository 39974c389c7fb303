"""Counts what was dropped, for each website's ingest report (SPEC R56)."""

import asyncio
from datetime import datetime
from uuid import uuid4

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from shared.drops import DROPS_KEY, Drops, encode_drops

TELL_EVERY_SECONDS = 2.0

log = structlog.get_logger()


class DropCounts:
    """Of registered websites alone: whoever makes websites up leaves nothing here. A process that is killed forgets
    what it dropped in the last `TELL_EVERY_SECONDS`."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._gateway = uuid4().hex[:12]
        self._counts: dict[Drops, int] = {}
        self._untold: set[Drops] = set()

    def count(self, website_id: str, reason: str, now: datetime) -> None:
        drops = Drops(website_id, now.replace(minute=0, second=0, microsecond=0), reason, self._gateway)
        self._counts[drops] = self._counts.get(drops, 0) + 1
        self._untold.add(drops)

    async def keep_telling(self) -> None:
        """Tell for ever, and once more at the end."""
        try:
            while True:
                await asyncio.sleep(TELL_EVERY_SECONDS)
                await self.tell()
        finally:
            await self.tell()

    async def tell(self) -> None:
        """Have in Redis what was counted; what cannot be told now is told the next time."""
        if not self._untold:
            return
        untold, self._untold = self._untold, set()
        try:
            await self._redis.hset(
                DROPS_KEY, mapping={encode_drops(drops): str(self._counts[drops]) for drops in untold}
            )
        except (RedisError, OSError) as error:
            self._untold |= untold
            log.warning("drops_not_told", error=type(error).__name__)
            return
        newest = max(drops.hour for drops in untold)
        self._counts = {drops: events for drops, events in self._counts.items() if drops.hour >= newest}
