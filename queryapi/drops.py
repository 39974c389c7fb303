"""What gateways dropped, from Redis into the table that the ingest report reads (SPEC R56)."""

import asyncio
from datetime import timedelta

import msgspec
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from queryapi.database import Pool, changes
from queryapi.fixed import fixed
from shared.clock import Clock
from shared.drops import DROPS_KEY, Drops, decode_drops
from shared.errors import AppError
from shared.settings import Settings

TAKE_EVERY_SECONDS = 2.0
# After this a gateway has long told the last of an hour. Should it tell more, the count comes back whole.
FINAL_AFTER = timedelta(hours=2)

log = structlog.get_logger()


async def keep_drops(pool: Pool, redis: Redis, settings: Settings, clock: Clock) -> None:
    """Take over for ever what gateways tell, beside the requests."""
    while True:
        await asyncio.sleep(TAKE_EVERY_SECONDS)
        try:
            await take_drops(pool, redis, settings, clock)
        except (AppError, RedisError, OSError) as error:
            log.warning("drops_not_taken", error=type(error).__name__)


async def take_drops(pool: Pool, redis: Redis, settings: Settings, clock: Clock) -> None:
    """Write down what Redis has; raises AppError 503, RedisError or OSError."""
    told = msgspec.convert(await redis.hgetall(DROPS_KEY), dict[bytes, bytes])
    if not told:
        return
    drops = {decode_drops(field): int(events) for field, events in told.items()}
    async with changes(pool, settings) as reader:
        await reader.rows(fixed("writes/gateway_drops", _columns(drops)))
    final = [field for field in told if clock() - decode_drops(field).hour >= FINAL_AFTER]
    if final:
        await redis.hdel(DROPS_KEY, *final)


def _columns(drops: dict[Drops, int]) -> dict[str, object]:
    return {
        "websites": [one.website_id for one in drops],
        "hours": [one.hour for one in drops],
        "reasons": [one.reason for one in drops],
        "gateways": [one.gateway for one in drops],
        "events": list(drops.values()),
    }
