"""API keys over HTTP: made, shown once, used, revoked, and what they never open."""

import asyncio
import zlib
from datetime import datetime, timedelta
from string import ascii_letters, digits

import httpx
import psycopg
import pytest
import redis

from shared.api_keys import MAX_KEYS_PER_WEBSITE, make_key
from shared.registry import REGISTRY_KEY, decode_registry
from tests.flow.pipeline import wait_until
from tests.queryapi.funnel_client import FUNNELS, bearer, register, serving
from tests.queryapi.rig import NOW, SITE, running, settings_for

KEYS = f"/api/v1/websites/{SITE}/keys"
DASHBOARD = f"/api/v1/analytics/dashboard/{SITE}"

REFUSED: dict[str, tuple[dict[str, object], str, str]] = {
    "no scopes": ({}, "missing_field", "scopes"),
    "scopes empty": ({"scopes": []}, "invalid_value", "scopes"),
    "scopes as text": ({"scopes": "stats:read"}, "invalid_type", "scopes"),
    "scope unknown": ({"scopes": ["stats"]}, "invalid_value", "scopes"),
    "scope of another type": ({"scopes": ["ingest", 7]}, "invalid_value", "scopes"),
    "scope twice": ({"scopes": ["ingest", "ingest"]}, "invalid_value", "scopes"),
    "manage": ({"scopes": ["stats:read", "manage"]}, "invalid_value", "scopes"),
    "metrics": ({"scopes": ["metrics"]}, "invalid_value", "scopes"),
    "import alone": ({"scopes": ["ingest:import"]}, "invalid_value", "scopes"),
    "name too long": ({"scopes": ["ingest"], "name": "n" * 201}, "too_long", "name"),
    "expiry past": ({"scopes": ["ingest"], "expires_at": NOW.isoformat()}, "invalid_value", "expires_at"),
    "expiry without zone": ({"scopes": ["ingest"], "expires_at": "2027-01-01T00:00:00"}, "invalid_value", "expires_at"),
    "expiry a date": ({"scopes": ["ingest"], "expires_at": "2027-01-01"}, "invalid_value", "expires_at"),
    "expiry a number": ({"scopes": ["ingest"], "expires_at": 1_900_000_000}, "invalid_type", "expires_at"),
    "expiry far": ({"scopes": ["ingest"], "expires_at": "9999-12-31T23:59:59-14:00"}, "invalid_value", "expires_at"),
    "unknown field": ({"scopes": ["ingest"], "website_id": SITE}, "unknown_field", "website_id"),
}


@pytest.fixture
def website(database: str) -> str:
    """The database, with the website registered and nothing else."""
    register(database, SITE)
    return database


def with_key(text: str) -> dict[str, str]:
    return {"authorization": f"Bearer {text}"}


def with_checksum(body: str) -> str:
    number, text = zlib.crc32(body.encode()), ""
    for _ in range(6):
        number, place = divmod(number, 62)
        text = (digits + ascii_letters)[place] + text
    return body + text


async def make(client: httpx.AsyncClient, *scopes: str, **fields: object) -> str:
    answer = await client.post(KEYS, json={"scopes": scopes, **fields})
    assert answer.status_code == 201, answer.content
    return answer.json()["key"]


@pytest.mark.rule("N2")
async def test_key_is_shown_once_and_kept_as_a_digest(website: str) -> None:
    expires_at = "2026-04-01T00:00:00+02:00"
    asked = {"name": "Shop server", "scopes": ["ingest", "stats:read"], "expires_at": expires_at}

    async with serving(website) as client:
        made = await client.post(KEYS, json=asked)
        listed = (await client.get(KEYS)).json()

    key = made.json()
    text = key.pop("key")
    assert (made.status_code, made.headers["cache-control"]) == (201, "no-store")
    assert made.headers["location"] == f"{KEYS}/{key['id']}"
    assert text.startswith(f"ak_{key['id']}_")
    assert key["scopes"] == ["stats:read", "ingest"]
    assert datetime.fromisoformat(key["expires_at"]) == datetime.fromisoformat(expires_at)
    assert (listed["data"], listed["total"]) == ([key], 1)
    with psycopg.connect(website) as connection:
        stored = connection.execute("SELECT k::text FROM api_keys k").fetchall()
    assert text.rpartition("_")[2][:43] not in str(stored)


@pytest.mark.rule("N2")
async def test_what_is_no_key_is_refused_by_its_field(website: str) -> None:
    async with serving(website) as client:
        for name, (sent, code, field) in REFUSED.items():
            answer = await client.post(KEYS, json=sent)
            body = answer.json()
            assert (answer.status_code, body["code"], body["details"]["field"]) == (422, code, field), name
        assert (await client.get(KEYS)).json()["total"] == 0


@pytest.mark.rule("N2")
@pytest.mark.rule("R63")
async def test_key_opens_what_its_scopes_and_its_website_say(website: str) -> None:
    register(website, "theirs")

    async with serving(website) as client:
        reading, sending = with_key(await make(client, "stats:read")), with_key(await make(client, "ingest"))
        opened = await client.get(DASHBOARD, headers=reading)
        listed = (await client.get("/api/v1/websites", headers=reading)).json()
        foreign = await client.get("/api/v1/analytics/dashboard/theirs", headers=reading)
        unknown = await client.get("/api/v1/analytics/dashboard/nobody", headers=reading)
        forbidden = [
            await client.get(DASHBOARD, headers=sending),
            await client.post(FUNNELS, headers=reading, json={}),
            # D85.
            await client.post(FUNNELS, headers=sending, json={}),
            await client.post(KEYS, headers=reading, json={"scopes": ["ingest"]}),
            await client.get(KEYS, headers=reading),
            await client.delete(f"/api/v1/websites/{SITE}", headers=reading),
            await client.get("/metrics", headers={**reading, "x-forwarded-for": "192.0.2.1"}),
        ]

    assert opened.status_code == 200
    assert [row["id"] for row in listed["data"]] == [SITE]
    assert (foreign.status_code, unknown.status_code) == (404, 404)
    assert {**foreign.json(), "request_id": ""} == {**unknown.json(), "request_id": ""}
    assert [answer.status_code for answer in forbidden] == [403] * len(forbidden)


@pytest.mark.rule("N2")
@pytest.mark.rule("R63")
async def test_wrong_keys_are_not_let_in(website: str) -> None:
    """E93: a key with one character changed, anywhere."""
    async with serving(website) as client:
        good = await make(client, "stats:read")
        other = await make(client, "stats:read")
        changed = [
            good[:place] + ("b" if good[place] == "a" else "a") + good[place + 1 :] for place in range(len(good))
        ]
        # Well formed, of an id that is there and of one that is not.
        mixed = [f"ak_{good[3:15]}{other[15:]}", "ak_", "ak_x_y", good + "a", good[:-1], good.upper()]
        for text in (*changed, *mixed):
            answer = await client.get(DASHBOARD, headers=with_key(text))
            assert (answer.status_code, answer.headers.get("www-authenticate")) == (401, "Bearer"), text
        assert with_checksum(good[:-6]) == good
        assert (await client.get(DASHBOARD, headers=with_key(good))).status_code == 200


@pytest.mark.rule("N2")
async def test_a_key_ends_when_it_expires_or_is_revoked(website: str) -> None:
    """E91."""
    moment = NOW
    async with running(settings_for(website), lambda: moment) as api:
        transport = httpx.ASGITransport(app=api.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://queryapi") as client:
            client.headers["authorization"] = f"Bearer {api.token}"
            expires_at = (NOW + timedelta(hours=1)).isoformat()
            expiring = await make(client, "stats:read", expires_at=expires_at)
            revoked = await make(client, "stats:read")
            before = [await client.get(DASHBOARD, headers=with_key(text)) for text in (expiring, revoked)]
            path = f"{KEYS}/{revoked[3:15]}"
            answers = [await client.delete(path), await client.delete(path), await client.delete(f"{KEYS}/a%00b")]
            at_once = await client.get(DASHBOARD, headers=with_key(revoked))
            moment = NOW + timedelta(hours=1)
            expired = await client.get(DASHBOARD, headers=with_key(expiring))

    assert [answer.status_code for answer in before] == [200, 200]
    assert [answer.status_code for answer in answers] == [204, 404, 404]
    assert (at_once.status_code, at_once.json()["code"]) == (401, "invalid_token")
    assert (expired.status_code, expired.json()["code"]) == (401, "key_expired")


@pytest.mark.rule("N2")
async def test_a_key_revoked_elsewhere_is_void_five_seconds_later(website: str) -> None:
    moment = NOW
    async with running(settings_for(website), lambda: moment) as api:
        transport = httpx.ASGITransport(app=api.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://queryapi") as client:
            client.headers["authorization"] = f"Bearer {api.token}"
            key = with_key(await make(client, "stats:read"))
            await client.get(DASHBOARD, headers=key)
            with psycopg.connect(website) as connection:
                connection.execute("DELETE FROM api_keys")
            moment = NOW + timedelta(seconds=5)
            later = await client.get(DASHBOARD, headers=key)

    assert later.status_code == 401


@pytest.mark.rule("N2")
async def test_who_may_manage_another_website_revokes_nothing_here(website: str) -> None:
    register(website, "theirs")
    other = bearer(website, "owner", ("theirs",))

    async with serving(website) as client:
        key = await make(client, "stats:read")
        answers = [
            await client.delete(f"{KEYS}/{key[3:15]}", headers=other),
            await client.delete(f"/api/v1/websites/theirs/keys/{key[3:15]}", headers=other),
            await client.post(KEYS, headers=other, json={"scopes": ["ingest"]}),
            await client.get(KEYS, headers=other),
        ]
        still = await client.get(DASHBOARD, headers=with_key(key))

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [
        (404, "website_not_found"),
        (404, "key_not_found"),
        (404, "website_not_found"),
        (404, "website_not_found"),
    ]
    assert still.status_code == 200


@pytest.mark.rule("N2")
async def test_keys_of_a_website_are_limited_and_go_with_it(website: str) -> None:
    async with serving(website) as client:
        key = await make(client, "stats:read")
        with psycopg.connect(website) as connection:
            connection.execute(
                "INSERT INTO api_keys (key_id, website_id, name, digest, scopes, created_at)"
                " SELECT 'k' || n, %s, '', sha256(n::text::bytea), '{ingest}', now() FROM generate_series(2, %s) n",
                (SITE, MAX_KEYS_PER_WEBSITE),
            )
        full = await client.post(KEYS, json={"scopes": ["ingest"]})
        assert (await client.get(DASHBOARD, headers=with_key(key))).status_code == 200
        await client.delete(f"/api/v1/websites/{SITE}")
        gone = await client.get(DASHBOARD, headers=with_key(key))
        await client.post("/api/v1/websites", json={"id": SITE})
        left = (await client.get(KEYS)).json()

    assert (full.status_code, full.json()["code"]) == (409, "too_many_keys")
    assert (gone.status_code, left["total"]) == (401, 0)


@pytest.mark.rule("N2")
async def test_a_key_nobody_can_look_up_is_no_wrong_key() -> None:
    """A well-formed key is 503 while the database is away; a mistyped one needs no database to be 401."""
    text = make_key().text
    async with serving("postgresql://127.0.0.1:1/none") as client:
        unknown = await client.get(DASHBOARD, headers=with_key(text))
        mistyped = await client.get(DASHBOARD, headers=with_key(text[:-1]))

    assert (unknown.status_code, "retry-after" in unknown.headers) == (503, True)
    assert mistyped.status_code == 401


@pytest.mark.rule("N2")
async def test_the_last_use_is_written_beside_the_requests(website: str) -> None:
    def last_used() -> list[datetime | None]:
        with psycopg.connect(website) as connection:
            return [row[0] for row in connection.execute("SELECT last_used_at FROM api_keys ORDER BY name")]

    async with serving(website) as client:
        used, unused = await make(client, "stats:read", name="1"), await make(client, "stats:read", name="2")
        # Who only knows the id has not used the key.
        await client.get(DASHBOARD, headers=with_key(unused[:-1]))
        await client.get(DASHBOARD, headers=with_key(used))
        await asyncio.to_thread(wait_until, lambda: last_used()[0] is not None, "the last use")

    assert last_used() == [NOW, None]


@pytest.mark.rule("N2")
async def test_the_gateway_is_told_of_keys_at_once(website: str, redis_url: str) -> None:
    def published() -> list[tuple[str, frozenset[str]]]:
        with redis.Redis.from_url(redis_url) as store:
            payload = store.get(REGISTRY_KEY)
        assert isinstance(payload, bytes)
        return [(key.website_id, key.scopes) for key in decode_registry(payload).keys]

    async with serving(website, REDIS_URL=redis_url) as client:
        key = await make(client, "ingest")
        made = published()
        await client.delete(f"{KEYS}/{key[3:15]}")
        revoked = published()

    assert (made, revoked) == ([(SITE, frozenset({"ingest"}))], [])
