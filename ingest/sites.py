"""Which websites are registered: a snapshot of what the query API wrote into Redis (SPEC R62)."""

import asyncio

import msgspec
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from ingest.connection import read_bytes
from shared.clock import Clock
from shared.registry import REGISTRY_KEY, Website, decode_registry

REFRESH_EVERY_SECONDS = 10.0
# A website may have been registered a moment ago: a miss looks again, this often at most.
RECHECK_SECONDS = 1.0

log = structlog.get_logger()


class Sites:
    """The registered websites, as of the last refresh."""

    def __init__(self, redis: Redis, clock: Clock, *, accepts_any: bool) -> None:
        self._redis = redis
        self._clock = clock
        self._accepts_any = accepts_any
        # None while the registry has never been read: everything is in doubt.
        self._websites: dict[str, Website] | None = None
        self._checked_at = float("-inf")

    async def find(self, website_id: str) -> Website | None:
        """The website, with default settings when it is not certain whether it is registered; None
        when it certainly is not."""
        websites = self._websites
        if websites is not None and (website := websites.get(website_id)) is not None:
            return website
        if self._accepts_any:
            return Website(website_id=website_id)
        if self._clock().timestamp() - self._checked_at >= RECHECK_SECONDS:
            await self.refresh()
            websites = self._websites
        return Website(website_id=website_id) if websites is None else websites.get(website_id)

    async def keep_fresh(self) -> None:
        """Refresh for ever."""
        while True:
            await self.refresh()
            await asyncio.sleep(REFRESH_EVERY_SECONDS)

    async def refresh(self) -> None:
        """Read the snapshot again; what was known stays when it cannot be read."""
        self._checked_at = self._clock().timestamp()
        try:
            payload = await read_bytes(self._redis, REGISTRY_KEY)
            if payload is not None:
                self._websites = {website.website_id: website for website in decode_registry(payload).websites}
        except (RedisError, OSError, msgspec.DecodeError) as error:
            log.warning("registry_not_read", error=type(error).__name__)
