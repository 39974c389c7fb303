"""Which websites are registered, and their API keys: a snapshot of what the query API wrote into Redis (SPEC R62)."""

import asyncio

import msgspec
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from ingest.connection import read_bytes
from ingest.unavailable import unavailable
from shared.clock import Clock, monotonic_seconds
from shared.registry import KEY_USE_GRAIN_SECONDS, KEYS_USED_KEY, REGISTRY_KEY, ApiKey, Website, decode_registry

# A revoked key must be void within five seconds, of which the query API may take two to write it here.
REFRESH_EVERY_SECONDS = 2.0
# A website may have been registered a moment ago: a miss looks again, this often at most.
RECHECK_SECONDS = 1.0
# A wrong key is refused for good, so its absence must be fresh: readings for that are at least this far apart.
KEY_RECHECK_SECONDS = 0.1

log = structlog.get_logger()


class Sites:
    """The registered websites and keys, as of the last refresh."""

    def __init__(self, redis: Redis, clock: Clock, *, accepts_any: bool) -> None:
        self._redis = redis
        self._clock = clock
        self._accepts_any = accepts_any
        # None while the registry has never been read: everything is in doubt.
        self._websites: dict[str, Website] | None = None
        self._checked_at = float("-inf")
        self._keys: dict[str, ApiKey] = {}
        # When keys were used, in Unix seconds: as last noted, and what is yet to be told.
        self._noted: dict[str, int] = {}
        self._untold: dict[str, int] = {}
        self._payload = b""
        # Whether the last reading found a registry, and when it began, in monotonic seconds.
        self._is_current = False
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()

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

    async def find_key(self, key_id: str) -> ApiKey | None:
        """What is kept of the key, None when there certainly is none; raises AppError 503 when the registry
        cannot be read."""
        key = self._keys.get(key_id)
        if key is None:
            await self._read_anew()
            if not self._is_current:
                raise unavailable()
            key = self._keys.get(key_id)
        return key

    def note_key_use(self, key_id: str) -> None:
        """The key has just opened something; `keep_fresh` tells it, beside the requests."""
        now = int(self._clock().timestamp())
        if now - self._noted.get(key_id, 0) >= KEY_USE_GRAIN_SECONDS:
            self._noted[key_id] = self._untold[key_id] = now

    async def keep_fresh(self) -> None:
        """Refresh for ever."""
        while True:
            await self.refresh()
            await self._tell_key_use()
            await asyncio.sleep(REFRESH_EVERY_SECONDS)

    async def refresh(self) -> None:
        """Read the snapshot again; what was known stays when it cannot be read."""
        self._checked_at = self._clock().timestamp()
        began, is_current = monotonic_seconds(), False
        try:
            payload = await read_bytes(self._redis, REGISTRY_KEY)
            if payload is not None and payload != self._payload:
                registry = decode_registry(payload)
                self._websites = {website.website_id: website for website in registry.websites}
                self._keys = {key.key_id: key for key in registry.keys}
                self._payload = payload
            is_current = payload is not None
        except (RedisError, OSError, msgspec.DecodeError) as error:
            log.warning("registry_not_read", error=type(error).__name__)
        self._read_at, self._is_current = began, is_current

    async def _tell_key_use(self) -> None:
        if not self._untold:
            return
        untold, self._untold = self._untold, {}
        try:
            await self._redis.hset(KEYS_USED_KEY, mapping={key_id: str(used) for key_id, used in untold.items()})
        except (RedisError, OSError) as error:
            # The next use of these keys is told in its turn.
            self._noted = {key_id: used for key_id, used in self._noted.items() if key_id not in untold}
            log.warning("key_use_not_told", keys=len(untold), error=type(error).__name__)

    async def _read_anew(self) -> None:
        """Have a snapshot whose reading began after this call; many callers share one."""
        asked = monotonic_seconds()
        async with self._reading:
            if self._read_at <= asked:
                await asyncio.sleep(KEY_RECHECK_SECONDS - (asked - self._read_at))
                await self.refresh()
