"""The registered websites: looked up by every report, published to the gateway."""

import asyncio
import re

import msgspec
import structlog
from psycopg import sql
from redis.asyncio import Redis
from redis.exceptions import RedisError

from queryapi.database import Pool, Reader, snapshot
from queryapi.statement import Statement
from shared.errors import AppError
from shared.registry import REGISTRY_KEY, Registry, Website, encode_registry
from shared.settings import Settings
from sql.statements import read

log = structlog.get_logger()

_WEBSITE_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
# How long a website that was just registered may stay unknown to the gateway.
PUBLISH_SECONDS = 10.0


async def find_website(reader: Reader, website_id: str) -> Website | None:
    """The website of this id, told apart by case; None when there is none."""
    if _WEBSITE_ID.fullmatch(website_id) is None:
        return None
    found = await _websites(reader, website_id)
    return found[0] if found else None


async def list_websites(reader: Reader) -> tuple[Website, ...]:
    """Every registered website, by id."""
    return await _websites(reader, None)


async def publish_websites(pool: Pool, redis: Redis, settings: Settings) -> None:
    """Write the registry to Redis every ten seconds, until cancelled. The gateway accepts in doubt, and
    reads need no Redis: a failure is logged once, and tried again."""
    is_failing = False
    while True:
        try:
            async with snapshot(pool, settings) as reader:
                websites = await list_websites(reader)
            await redis.set(REGISTRY_KEY, encode_registry(Registry(websites)))
            is_failing = False
        except (AppError, RedisError, OSError) as error:
            if not is_failing:
                log.warning("registry_not_published", error=str(error))
            is_failing = True
        await asyncio.sleep(PUBLISH_SECONDS)


async def _websites(reader: Reader, website_id: str | None) -> tuple[Website, ...]:
    statement = Statement(sql.Composed([sql.SQL(read("reads/websites"))]), {"website_id": website_id})
    return tuple(msgspec.convert(row, Website) for row in await reader.rows(statement))
