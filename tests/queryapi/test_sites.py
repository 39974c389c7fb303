"""What the gateway is told of websites."""

import asyncio
from typing import Any

import psycopg
import pytest
from redis.asyncio import Redis

from queryapi.database import make_pool
from queryapi.sites import Publication
from shared.clock import utc_now
from shared.registry import REGISTRY_KEY, decode_registry
from tests.queryapi.funnel_client import register
from tests.queryapi.rig import settings_for


@pytest.mark.rule("R62")
async def test_what_was_read_before_a_change_is_not_told_after_it(database: str, redis_url: str) -> None:
    """A key that was revoked would be good once more."""
    with psycopg.connect(database) as connection:
        connection.execute("DELETE FROM websites")
    settings = settings_for(database)
    sets, arrives = asyncio.Event(), asyncio.Event()

    class SlowRedis(Redis):
        async def set(self, *args: Any, **options: Any) -> Any:
            is_first = not sets.is_set()
            sets.set()
            if is_first:
                await arrives.wait()
            return await super().set(*args, **options)

    async with SlowRedis.from_url(redis_url) as redis, make_pool(settings, database) as pool:
        publication = Publication(pool, redis, settings, utc_now)
        before = asyncio.create_task(publication.publish())
        await sets.wait()
        register(database, "shop")
        after = asyncio.create_task(publication.publish())
        # As long as it would take without the other, and more.
        await asyncio.wait([after], timeout=0.3)
        arrives.set()
        await asyncio.gather(before, after)
        payload = await redis.get(REGISTRY_KEY)

    assert isinstance(payload, bytes)
    assert [website.website_id for website in decode_registry(payload).websites] == ["shop"]
