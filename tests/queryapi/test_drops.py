"""What gateways tell of dropped events is written down once, whoever reads it and how often (SPEC R56)."""

from datetime import timedelta

import psycopg
import pytest
from redis.asyncio import Redis

from queryapi.database import make_pool
from queryapi.drops import FINAL_AFTER, take_drops
from shared.drops import DROPS_KEY, Drops, encode_drops
from tests.queryapi.rig import NOW, SITE, at, running, settings_for, store

REPORT = f"/api/v1/websites/{SITE}/ingest-report"
HOUR = at("10:00:00", 8)


@pytest.mark.rule("R56")
async def test_the_report_tells_what_gateways_dropped_beside_what_came_into_the_stream(
    database: str, redis_url: str
) -> None:
    store(database, [])
    with psycopg.connect(database) as connection:
        connection.execute(
            "INSERT INTO ingest_counts (website_id, hour, partition, outcome, events) VALUES (%s, %s, 0, 'stored', 7)",
            (SITE, HOUR),
        )
    settings = settings_for(database)
    async with Redis.from_url(redis_url) as redis, make_pool(settings, database) as pool:

        async def tell(gateway: str, reason: str, events: int) -> None:
            field = encode_drops(Drops(SITE, HOUR, reason, gateway))
            await redis.hset(DROPS_KEY, mapping={field: str(events)})
            await take_drops(pool, redis, settings, lambda: NOW - timedelta(hours=1))

        await tell("one", "gpc", 2)
        await tell("one", "gpc", 5)
        await tell("two", "gpc", 1)
        await tell("two", "excluded_ip", 3)
        # Read once more, and an old telling that comes late.
        await tell("one", "gpc", 4)
        kept = await redis.hlen(DROPS_KEY)
        await take_drops(pool, redis, settings, lambda: HOUR + FINAL_AFTER)
        left = await redis.hlen(DROPS_KEY)
        async with running(settings) as api:
            totals = (await api.get(REPORT, "days=1")).body["totals"]

    assert totals["dropped_by_gateway"] == {"excluded_ip": 3, "gpc": 6}
    assert (totals["accepted"], totals["stored"], totals["dropped"], totals["dropped_reasons"]) == (7, 7, 0, {})
    assert (kept, left) == (3, 0)
