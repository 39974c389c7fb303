"""What is dropped on purpose is told to the ingest report of its website (SPEC R56)."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from ingest.connection import connect
from ingest.dropped import DropCounts
from shared.drops import DROPS_KEY, decode_drops
from shared.registry import REGISTRY_KEY, Registry, Website, encode_registry
from tests.ingest.gateway import BATCH, NOW, HeldClock, running
from tests.ingest.sending import PAGE

HERE = "198.51.100.7"
SITES = (
    Website(website_id="site-1"),
    Website(website_id="private", gpc="drop"),
    Website(website_id="excluding", excluded_networks=(f"{HERE}/32",)),
)


async def told(redis_url: str) -> dict[tuple[str, str, str], int]:
    """Events by website, hour of the day and reason."""
    async with connect(redis_url) as redis:
        found: Mapping[bytes, bytes] = await redis.hgetall(DROPS_KEY)  # pyright: ignore[reportAssignmentType] -- bytes by this client
    drops = {decode_drops(field): int(events) for field, events in found.items()}
    return {(one.website_id, f"{one.hour:%H:%M}", one.reason): events for one, events in drops.items()}


@pytest.mark.rule("R51")
@pytest.mark.rule("R56")
async def test_each_website_hears_what_was_dropped_and_why(redis_url: str) -> None:
    clock = HeldClock(NOW + timedelta(minutes=59))
    async with running(redis_url, peer=HERE, clock=clock, environ={"ENVIRONMENT": "production"}) as gateway:
        await gateway.redis.set(REGISTRY_KEY, encode_registry(Registry(SITES)))
        events = [PAGE | {"website_id": name} for name in ("site-1", "private", "excluding", "excluding", "nobody")]
        answer = await gateway.send({"events": events}, BATCH, headers={"sec-gpc": "1"})
        clock.now += timedelta(minutes=1)
        await gateway.send(PAGE | {"website_id": "private"}, headers={"sec-gpc": "1"})

    assert answer.headers["x-analytics-dropped"] == "excluded_ip, gpc, unknown_site"
    assert await told(redis_url) == {
        ("private", "10:00", "gpc"): 1,
        ("excluding", "10:00", "excluded_ip"): 2,
        ("private", "11:00", "gpc"): 1,
    }


@pytest.mark.rule("R56")
async def test_what_could_not_be_told_is_told_later_and_counts_grow(redis_url: str) -> None:
    async with connect(redis_url) as redis:
        drops = DropCounts(redis)
        # A server that refuses.
        await redis.set(DROPS_KEY, "no hash")
        drops.count("private", "gpc", NOW)
        await drops.tell()
        await redis.delete(DROPS_KEY)
        drops.count("private", "gpc", NOW)
        await drops.tell()
        drops.count("private", "gpc", NOW)
        await drops.tell()

    assert await told(redis_url) == {("private", "10:00", "gpc"): 3}
