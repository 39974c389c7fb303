"""The registered websites: looked up by every report, published to the gateway."""

import asyncio
import re

import msgspec
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from queryapi.database import Pool, Reader, snapshot
from queryapi.fixed import fixed
from queryapi.key_ring import list_live_keys
from shared.clock import Clock
from shared.errors import AppError
from shared.registry import REGISTRY_KEY, Registry, Website, encode_registry
from shared.settings import Settings

log = structlog.get_logger()

_WEBSITE_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
# A key revoked elsewhere, or while Redis was away, must be void within five seconds: this and the gateway's
# own REFRESH_EVERY_SECONDS stay below.
PUBLISH_SECONDS = 2.0


async def find_website(reader: Reader, website_id: str) -> Website | None:
    """The website of this id, told apart by case; None when there is none."""
    if _WEBSITE_ID.fullmatch(website_id) is None:
        return None
    found = await _websites(reader, website_id)
    return found[0] if found else None


async def list_websites(reader: Reader) -> tuple[Website, ...]:
    """Every registered website, by id."""
    return await _websites(reader, None)


class Publication:
    """Writes the registry to Redis, for the gateway."""

    def __init__(self, pool: Pool, redis: Redis, settings: Settings, clock: Clock) -> None:
        self._pool = pool
        self._redis = redis
        self._settings = settings
        self._clock = clock
        # What was read before a change must not be written after it.
        self._lock = asyncio.Lock()

    async def publish(self) -> None:
        """Write it once; raises AppError 503, RedisError or OSError."""
        async with self._lock:
            async with snapshot(self._pool, self._settings) as reader:
                registry = Registry(await list_websites(reader), await list_live_keys(reader, self._clock()))
            await self._redis.set(REGISTRY_KEY, encode_registry(registry))

    async def keep(self) -> None:
        """Write it again and again, until cancelled. The gateway accepts in doubt, and reads need no Redis: a
        failure is logged once, and tried again."""
        is_failing = False
        while True:
            try:
                await self.publish()
                is_failing = False
            except (AppError, RedisError, OSError) as error:
                if not is_failing:
                    log.warning("registry_not_published", error=str(error))
                is_failing = True
            await asyncio.sleep(PUBLISH_SECONDS)


async def _websites(reader: Reader, website_id: str | None) -> tuple[Website, ...]:
    rows = await reader.rows(fixed("reads/websites", {"website_id": website_id}))
    return tuple(msgspec.convert(row, Website) for row in rows)
