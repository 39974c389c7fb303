"""The salts behind derived visitor ids: one per website and site-local day (SPEC R11)."""

import asyncio
from collections import OrderedDict
from datetime import UTC, date, datetime, time, timedelta
from os import urandom
from typing import NamedTuple, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from ingest.connection import read_bytes
from ingest.unavailable import unavailable
from shared.clock import Clock
from shared.errors import AppError
from shared.registry import Website

SALT_BYTES = 16
# Hard expiry after creation: today's and yesterday's are all that is ever needed.
SALT_LIFETIME_MS = 48 * 3600 * 1000
# Made this long before local midnight, because at `maxmemory` Redis refuses SET.
AHEAD_SECONDS = 3600
PREPARE_EVERY_SECONDS = 60.0
# (website, day) pairs held in memory; beyond, the oldest are read again when needed.
MAX_HELD = 20_000

log = structlog.get_logger()
K = TypeVar("K")


class DaySalts(NamedTuple):
    """The salt of one site-local day, and of the day before.

    `since` and `until` are the day's ends in seconds since 1970."""

    since: float
    until: float
    current: bytes
    previous: bytes


class SaltBook:
    """Salts held in memory, made in Redis, so that every gateway has the same ones."""

    def __init__(self, redis: Redis, clock: Clock) -> None:
        self._redis = redis
        self._clock = clock
        # By website and zone: the day last asked for, which is today but for imports.
        self._latest: OrderedDict[tuple[str, str], DaySalts] = OrderedDict()
        self._days: OrderedDict[tuple[str, str, date], DaySalts] = OrderedDict()

    def held(self, website: Website, moment: datetime) -> DaySalts | None:
        """The salts of the local day of `moment`, if that was the day last asked for."""
        salts = self._latest.get((website.website_id, website.timezone))
        return salts if salts is not None and salts.since <= moment.timestamp() < salts.until else None

    async def load(self, website: Website, moment: datetime) -> DaySalts:
        """The salts of the local day of `moment`; raises AppError 503 when they cannot be had."""
        zone = _zone(website.timezone)
        salts = await self._of_day(website.website_id, website.timezone, moment.astimezone(zone).date())
        _hold(self._latest, (website.website_id, website.timezone), salts)
        return salts

    async def keep_ahead(self) -> None:
        """Run `prepare` for ever."""
        while True:
            await asyncio.sleep(PREPARE_EVERY_SECONDS)
            await self.prepare()

    async def prepare(self) -> None:
        """Make the salts of the day that begins within the hour, for every website seen today, and
        forget those that are not needed any more."""
        now = self._clock()
        for (website_id, timezone), salts in list(self._latest.items()):
            if 0 < salts.until - now.timestamp() <= AHEAD_SECONDS:
                tomorrow = datetime.fromtimestamp(salts.until, _zone(timezone)).date()
                try:
                    await self._of_day(website_id, timezone, tomorrow)
                except AppError:
                    log.warning("salt_not_prepared", website_id=website_id)
            elif salts.until <= now.timestamp():
                del self._latest[website_id, timezone]
        # Two UTC days ago is over in every zone.
        oldest = now.astimezone(UTC).date() - timedelta(days=2)
        for key in [key for key in self._days if key[2] <= oldest]:
            del self._days[key]

    async def _of_day(self, website_id: str, timezone: str, day: date) -> DaySalts:
        held = self._days.get((website_id, timezone, day))
        if held is not None:
            return held
        try:
            current = await self._make(salt_key(website_id, day))
            # Made as well: the days of an import come in any order, and whichever is first must not
            # leave the other's visitors without yesterday's id (SPEC R12).
            previous = await self._make(salt_key(website_id, day - timedelta(days=1)))
        except (RedisError, OSError) as error:
            raise unavailable() from error
        zone = _zone(timezone)
        since, until = (datetime.combine(start, time(), zone) for start in (day, day + timedelta(days=1)))
        salts = DaySalts(since.timestamp(), until.timestamp(), current, previous)
        _hold(self._days, (website_id, timezone, day), salts)
        return salts

    async def _make(self, key: str) -> bytes:
        # Read first: reading works when Redis is full, writing does not.
        salt = await read_bytes(self._redis, key)
        if salt is None:
            await self._redis.set(key, urandom(SALT_BYTES), nx=True, px=SALT_LIFETIME_MS)
            salt = await read_bytes(self._redis, key)
        if salt is None:
            raise unavailable()
        return salt


def salt_key(website_id: str, day: date) -> str:
    """Where the salt of a website's local day lies in Redis."""
    return f"salt:{website_id}:{day.isoformat()}"


def _hold(held: OrderedDict[K, DaySalts], key: K, salts: DaySalts) -> None:
    held[key] = salts
    held.move_to_end(key)
    if len(held) > MAX_HELD:
        held.popitem(last=False)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        # The registry takes only known names; a host without that zone's file must not refuse events.
        return ZoneInfo("UTC")
