"""API keys at the gateway: what they let a sender say, and when they no longer do."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta

import msgspec
import pytest

from shared.api_keys import make_key
from shared.registry import REGISTRY_KEY, ApiKey, Registry, Website, encode_registry
from tests.ingest.gateway import BATCH, NOW, RunningGateway, running
from tests.ingest.sending import PAGE, one

INGEST = frozenset({"ingest"})
OLD = (NOW - timedelta(days=30)).isoformat()


def new_key(scopes: frozenset[str] = INGEST, **fields: object) -> tuple[str, ApiKey]:
    made = make_key()
    key = ApiKey(key_id=made.key_id, website_id="site-1", digest=made.digest, scopes=scopes)
    return made.text, msgspec.structs.replace(key, **fields)


async def publish(gateway: RunningGateway, keys: Iterable[ApiKey]) -> None:
    """What the query API writes."""
    registry = Registry((Website(website_id="site-1"),), tuple(keys))
    await gateway.redis.set(REGISTRY_KEY, encode_registry(registry))


def with_key(text: str) -> dict[str, str]:
    return {"authorization": f"Bearer {text}"}


@pytest.mark.rule("N2")
@pytest.mark.rule("R14")
@pytest.mark.rule("R58")
async def test_a_key_with_ingest_says_when_and_whence(redis_url: str) -> None:
    text, key = new_key()
    async with running(redis_url, environ={"ENVIRONMENT": "production"}) as gateway:
        # Published after the start: a key that was just made is looked for again.
        await publish(gateway, [key])
        event = await one(gateway, with_key(text), timestamp=OLD, ip_address="203.0.113.9")
        envelope = (await gateway.envelopes())[0]
        anonymous = await gateway.send(PAGE | {"timestamp": OLD})

    assert event.timestamp == NOW - timedelta(days=30)
    assert envelope.network == "203.0.113.0"
    assert [warning["code"] for warning in anonymous.json()["warnings"]] == ["clock_skew"]


@pytest.mark.rule("N2")
async def test_importing_needs_its_own_scope(redis_url: str) -> None:
    ancient = {"timestamp": "2015-05-17T10:05:03Z", "id": "line-1"}
    sending, importing = new_key(), new_key(frozenset({"ingest", "ingest:import"}))
    async with running(redis_url) as gateway:
        await publish(gateway, [sending[1], importing[1]])
        headers = {"x-analytics-import": "1"}
        refused = await gateway.send(PAGE | ancient, headers={**with_key(sending[0]), **headers})
        taken = await gateway.send(PAGE | ancient, headers={**with_key(importing[0]), **headers})

    assert (refused.status_code, taken.status_code) == (403, 202)


@pytest.mark.rule("N2")
@pytest.mark.rule("R63")
async def test_keys_that_do_not_hold_are_refused(redis_url: str) -> None:
    """E91, E93."""
    good, expired, reading = new_key(), new_key(expires_at=NOW), new_key(frozenset({"stats:read"}))
    stranger = make_key().text
    async with running(redis_url) as gateway:
        await publish(gateway, [good[1], expired[1], reading[1]])
        changed = good[0][:-1] + ("b" if good[0][-1] == "a" else "a")
        # Well formed, but not the one that the id is of.
        forged = new_key(digest=good[1].digest)
        await publish(gateway, [good[1], expired[1], reading[1], forged[1]])
        for text in (changed, stranger, expired[0], forged[0], "ak_", "ak_x_y"):
            answer = await gateway.send(PAGE, headers=with_key(text))
            assert (answer.status_code, answer.headers.get("www-authenticate")) == (401, "Bearer"), text
        without_scope = await gateway.send(PAGE, headers=with_key(reading[0]))

    assert (without_scope.status_code, without_scope.json()["code"]) == (403, "forbidden")


@pytest.mark.rule("N2")
@pytest.mark.rule("R63")
async def test_a_key_is_for_one_website(redis_url: str) -> None:
    text, key = new_key()
    async with running(redis_url) as gateway:
        await publish(gateway, [key])
        single = await gateway.send(PAGE | {"website_id": "site-2"}, headers=with_key(text))
        mixed = await gateway.send(
            {"events": [PAGE, PAGE | {"website_id": "site-2"}]}, path=BATCH, headers=with_key(text)
        )

    assert (single.status_code, single.json()["code"]) == (400, "forbidden_website")
    assert (mixed.status_code, mixed.json()["accepted"]) == (202, 1)
    assert [error["code"] for error in mixed.json()["errors"]] == ["forbidden_website"]


@pytest.mark.rule("N2")
async def test_a_revoked_key_ends_without_a_restart(redis_url: str) -> None:
    text, key = new_key()
    async with running(redis_url) as gateway:
        await publish(gateway, [key])
        before = await gateway.send(PAGE, headers=with_key(text))
        await publish(gateway, [])
        async with asyncio.timeout(5):
            while (after := await gateway.send(PAGE, headers=with_key(text))).status_code == 202:
                pass

    assert (before.status_code, after.status_code) == (202, 401)


@pytest.mark.rule("N2")
async def test_a_key_nobody_can_look_up_is_no_wrong_key(redis_url: str) -> None:
    """A registry that was never written says nothing of any key."""
    async with running(redis_url) as gateway:
        unknown = await gateway.send(PAGE, headers=with_key(make_key().text))
        mistyped = await gateway.send(PAGE, headers=with_key(make_key().text[:-1]))

    assert (unknown.status_code, "retry-after" in unknown.headers) == (503, True)
    assert mistyped.status_code == 401


@pytest.mark.rule("N2")
async def test_keys_need_no_secret_for_tokens(redis_url: str) -> None:
    text, key = new_key()
    async with running(redis_url, environ={"JWT_SECRET": ""}) as gateway:
        await publish(gateway, [key])
        with_good = await gateway.send(PAGE, headers=with_key(text))
        with_token = await gateway.send(PAGE, headers={"authorization": "Bearer a.b.c"})

    assert (with_good.status_code, with_token.status_code) == (202, 401)


@pytest.mark.rule("N2")
async def test_many_wrong_keys_at_once_read_the_registry_a_few_times(redis_url: str) -> None:
    async with running(redis_url) as gateway:
        await publish(gateway, [])
        before = (await gateway.redis.info("commandstats"))["cmdstat_get"]["calls"]
        answers = await asyncio.gather(*(gateway.send(PAGE, headers=with_key(make_key().text)) for _ in range(100)))
        after = (await gateway.redis.info("commandstats"))["cmdstat_get"]["calls"]

    assert {answer.status_code for answer in answers} == {401}
    assert after - before < 10
