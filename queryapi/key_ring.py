"""API keys as the query API knows them: looked up in the table, kept for seconds."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from queryapi.database import Pool, Reader, changes, snapshot
from queryapi.fixed import fixed
from queryapi.kept import Kept
from shared.clock import Clock
from shared.errors import AppError
from shared.registry import KEY_USE_GRAIN_SECONDS, KEYS_USED_KEY, ApiKey
from shared.settings import Settings

log = structlog.get_logger()

# How exactly it is known when a key was last used.
USE_GRAIN = timedelta(seconds=KEY_USE_GRAIN_SECONDS)
WRITE_USE_SECONDS = 2.0


class _Known(NamedTuple):
    key: ApiKey
    last_used_at: datetime | None


class KeyRing:
    """The keys used lately. One that is not there is looked up each time: it may have just been made."""

    def __init__(self, pool: Pool, settings: Settings, clock: Clock) -> None:
        self._pool = pool
        self._settings = settings
        self._clock = clock
        self._kept = Kept[str, _Known](clock)
        self._used: dict[str, datetime] = {}

    async def find(self, key_id: str) -> ApiKey | None:
        """What is kept of the key, None when there is none; raises AppError 503."""
        now = self._clock()
        kept = self._kept.get(key_id)
        if kept is not None:
            return kept.key
        async with snapshot(self._pool, self._settings) as reader:
            rows = await reader.rows(fixed("reads/key_by_id", {"key_id": key_id}))
        if not rows:
            return None
        last_used_at = rows[0]["last_used_at"]
        assert last_used_at is None or isinstance(last_used_at, datetime)
        known = _Known(msgspec.convert(rows[0], ApiKey), last_used_at)
        self._kept.put(key_id, known, now)
        return known.key

    def note_use(self, key_id: str) -> None:
        """The key has just opened something; `keep_use` writes it down."""
        kept, now = self._kept.get(key_id), self._clock()
        if kept is not None and (kept.last_used_at is None or now - kept.last_used_at >= USE_GRAIN):
            self._kept.replace(key_id, kept._replace(last_used_at=now))
            self._used[key_id] = now

    def forget(self, key_id: str) -> None:
        """Look the key up again at its next use."""
        self._kept.forget(key_id)

    def forget_website(self, website_id: str) -> None:
        """Look the website's keys up again at their next use."""
        self._kept.forget_where(lambda known: known.key.website_id == website_id)

    async def keep_use(self, redis: Redis | None) -> None:
        """Write down for ever when keys were used here and at the gateway, beside the requests that use them."""
        while True:
            await asyncio.sleep(WRITE_USE_SECONDS)
            try:
                await self._write_use(redis)
            except (AppError, RedisError, OSError) as error:
                log.warning("key_use_not_written", error=type(error).__name__)

    async def _write_use(self, redis: Redis | None) -> None:
        """What cannot be written is left out: the next use tells it again."""
        used, self._used = self._used, {}
        told = {} if redis is None else await _read_told(redis)
        for key_id, used_at in told.items():
            used[key_id] = max(used_at, used.get(key_id, used_at))
        if not used:
            return
        async with changes(self._pool, self._settings) as reader:
            await reader.rows(fixed("writes/keys_used", {"keys": list(used), "used_at": list(used.values())}))
        if redis is not None and told:
            await redis.hdel(KEYS_USED_KEY, *told)


async def _read_told(redis: Redis) -> dict[str, datetime]:
    """When the gateway saw keys used."""
    told = msgspec.convert(await redis.hgetall(KEYS_USED_KEY), dict[bytes, bytes])
    return {key_id.decode(): datetime.fromtimestamp(int(seconds), UTC) for key_id, seconds in told.items()}


async def list_live_keys(reader: Reader, now: datetime) -> tuple[ApiKey, ...]:
    """Every key that still holds, of every website."""
    rows = await reader.rows(fixed("reads/registry_keys", {"now": now}))
    return tuple(msgspec.convert(row, ApiKey) for row in rows)
