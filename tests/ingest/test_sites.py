"""Which websites a gateway takes events of, as what it knows of them changes (SPEC R62)."""

import asyncio
import signal
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from redis.asyncio import Redis

from ingest.connection import connect
from ingest.sites import RECHECK_SECONDS, Sites
from shared.registry import KEYS_USED_KEY, REGISTRY_KEY, Registry, Website, decode_registry, encode_registry
from tests.ingest.gateway import HeldClock, running
from tests.ingest.own_valkey import own_valkey
from tests.ingest.sending import PAGE, one, register
from tests.ingest.test_publish import DEADLINE_SECONDS

KNOWN = Website(website_id="site-1", timezone="Europe/Berlin", gpc="drop")


def sites_of(redis: Redis, clock: HeldClock, *, accepts_any: bool = False) -> Sites:
    return Sites(redis, clock, accepts_any=accepts_any)


async def write(redis: Redis, *websites: Website) -> None:
    await redis.set(REGISTRY_KEY, encode_registry(Registry(websites)))


@pytest.mark.rule("R62")
@pytest.mark.parametrize(
    ("environ", "status"),
    [
        ({"ENVIRONMENT": "production"}, "dropped"),
        ({"ENVIRONMENT": "production", "ALLOW_UNREGISTERED_SITES": "true"}, "accepted"),
        ({"ENVIRONMENT": "development"}, "accepted"),
        ({"ENVIRONMENT": "development", "ALLOW_UNREGISTERED_SITES": "false"}, "dropped"),
    ],
)
async def test_who_is_not_registered_may_send_where_that_was_allowed(
    redis_url: str, environ: Mapping[str, str], status: str
) -> None:
    async with running(redis_url, environ=environ) as gateway:
        await register(gateway, KNOWN)
        unknown = await gateway.send(PAGE | {"website_id": "unknown"})
        known = await gateway.send(PAGE)

    assert (unknown.status_code, unknown.json()["status"], known.json()["status"]) == (202, status, "accepted")


@pytest.mark.rule("R62")
async def test_a_registered_website_keeps_its_settings_where_all_may_send(redis_url: str) -> None:
    async with connect(redis_url) as redis:
        await write(redis, KNOWN)
        sites = sites_of(redis, HeldClock(), accepts_any=True)
        await sites.refresh()

        assert await sites.find("site-1") == KNOWN
        assert await sites.find("other") == Website(website_id="other")


@pytest.mark.rule("R62")
async def test_a_website_that_was_just_registered_is_looked_for_again(redis_url: str) -> None:
    clock = HeldClock()
    async with connect(redis_url) as redis:
        await write(redis)
        sites = sites_of(redis, clock)
        found = [await sites.find("site-1")]
        await write(redis, KNOWN)
        # Whoever makes websites up must not have the registry read for each.
        found.append(await sites.find("site-1"))
        clock.now += timedelta(seconds=RECHECK_SECONDS)
        found.append(await sites.find("site-1"))

    assert found == [None, None, KNOWN]


@pytest.mark.rule("R62")
@pytest.mark.parametrize("payload", [b"{", b'{"websites": 1}', None], ids=["no JSON", "no registry", "gone"])
async def test_what_was_known_stays_when_the_registry_cannot_be_read(redis_url: str, payload: bytes | None) -> None:
    clock = HeldClock()
    async with connect(redis_url) as redis:
        await write(redis, KNOWN)
        sites = sites_of(redis, clock)
        await sites.refresh()
        await (redis.delete(REGISTRY_KEY) if payload is None else redis.set(REGISTRY_KEY, payload))
        clock.now += timedelta(seconds=RECHECK_SECONDS)

        assert [await sites.find(name) for name in ("other", "site-1")] == [None, KNOWN]


@pytest.mark.rule("R62")
async def test_without_a_redis_to_ask_no_event_is_dropped(redis_url: str) -> None:
    async with connect(redis_url) as redis, connect("unix:///nowhere/valkey.sock") as away:
        await write(redis)
        sites = sites_of(away, HeldClock())

        assert await sites.find("site-1") == Website(website_id="site-1")


@pytest.mark.rule("R62")
async def test_one_reading_takes_away_a_website(redis_url: str) -> None:
    async with connect(redis_url) as redis:
        await write(redis, KNOWN)
        sites = sites_of(redis, HeldClock())
        await sites.refresh()
        await write(redis, Website(website_id="other"))
        await sites.refresh()

        assert await sites.find("site-1") is None


@pytest.mark.rule("N2")
async def test_the_use_of_a_key_is_told_once_a_minute(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.sites.REFRESH_EVERY_SECONDS", 0.01)
    clock = HeldClock()
    start = int(clock().timestamp())
    async with connect(redis_url) as redis, asyncio.timeout(DEADLINE_SECONDS):
        sites = sites_of(redis, clock)
        telling = asyncio.create_task(sites.keep_fresh())

        async def readings() -> int:
            return (await redis.info("commandstats")).get("cmdstat_get", {"calls": 0})["calls"]

        async def last_use_told(seconds_later: int) -> int | None:
            clock.now += timedelta(seconds=seconds_later)
            sites.note_key_use("key")
            before = await readings()
            # The registry is read at the beginning of each round: one is over.
            while await readings() < before + 2:  # noqa: ASYNC110 -- the server's count is the condition
                await asyncio.sleep(0.005)
            used = await redis.hget(KEYS_USED_KEY, "key")
            return None if used is None else int(used) - start

        told = [await last_use_told(seconds) for seconds in (0, 59, 1)]
        telling.cancel()

    assert told == [0, 0, 60]


def test_a_registry_of_before_there_were_keys_is_read() -> None:
    assert decode_registry(b'{"websites":[{"website_id":"site-1"}]}') == Registry((Website(website_id="site-1"),))


@pytest.mark.rule("R59", "R60")
async def test_gateways_share_one_secret_for_partitions(redis_url: str) -> None:
    async with running(redis_url) as gateway:
        await one(gateway)
        secret = await gateway.redis.get("routing_secret")
        async with running(redis_url) as second:
            await one(second)
            assert await second.redis.get("routing_secret") == secret

    assert isinstance(secret, bytes) and len(secret) == 32


@pytest.mark.rule("R59")
@pytest.mark.usefixtures("redis_url")
async def test_without_a_salt_no_visitor_is_named(tmp_path: Path) -> None:
    with own_valkey(tmp_path) as valkey:
        async with running(valkey.url) as gateway:
            named = await gateway.send(PAGE | {"visitor_id": "v"})
            valkey.stop(signal.SIGKILL)
            answer = await gateway.send(PAGE)

    assert (named.status_code, answer.status_code, answer.json()["code"]) == (202, 503, "unavailable")


@pytest.mark.rule("R59")
@pytest.mark.parametrize("fields", [{}, {"visitor_id": "v"}], ids=["derived", "given"])
async def test_a_gateway_that_has_never_met_its_redis_promises_nothing(
    redis_url: str, tmp_path: Path, fields: dict[str, str]
) -> None:
    with own_valkey(tmp_path) as valkey:
        async with running(valkey.url) as gateway:
            valkey.stop(signal.SIGKILL)
            answer = await gateway.send(PAGE | fields)

    assert (answer.status_code, answer.json()["code"], "retry-after" in answer.headers) == (503, "unavailable", True)
