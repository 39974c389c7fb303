"""Signing in: the cookie, who may use it, and when it ends."""

import asyncio
from datetime import datetime, timedelta

import httpx
import psycopg
import pytest
from argon2 import PasswordHasher
from prometheus_client import CollectorRegistry

from queryapi.app import create_app
from queryapi.attempts import ATTEMPTS_PER_MINUTE
from queryapi.user_sessions import MAX_SESSIONS_PER_USER, SESSION_LIFETIME, UNUSED_LIFETIME
from shared.api_keys import make_key
from shared.passwords import is_outdated
from tests.queryapi.funnel_client import register
from tests.queryapi.people import (
    COOKIE,
    SESSION,
    USERS,
    add_user,
    browser,
    open_installation,
    owner,
    sign_in,
)
from tests.queryapi.rig import NOW, SITE, Api, running, settings_for

DASHBOARD = f"/api/v1/analytics/dashboard/{SITE}"
WEBSITES = "/api/v1/websites"
PROXY = {"TRUSTED_PROXIES": "192.0.2.1/32"}
HTTPS = {"x-forwarded-proto": "https"}


@pytest.fixture
def website(database: str) -> str:
    register(database, SITE)
    return database


async def test_signing_in_opens_what_the_user_may_see_and_signing_out_ends_it(website: str) -> None:
    register(website, "theirs")
    async with open_installation(website) as api, browser(api) as client:
        user = await add_user(api, "Ada@Example.com", "viewer", [SITE])
        before = await client.get(SESSION)
        made = await client.post(SESSION, json={"email": "ADA@example.COM", "password": user["password"]})
        opened = [
            await client.get(path) for path in (SESSION, DASHBOARD, WEBSITES, "/api/v1/analytics/dashboard/theirs")
        ]
        forbidden = await client.post(WEBSITES, json={"id": "new"})
        session_id = client.cookies[COOKIE]
        out = await client.delete(SESSION)
        kept = dict(client.cookies)
        after = await client.get(DASHBOARD, headers={"cookie": f"{COOKIE}={session_id}"})

    assert (before.status_code, made.status_code) == (401, 200)
    assert made.json()["user"] == {
        "id": user["id"], "email": "ada@example.com", "name": "", "role": "viewer", "websites": [SITE]
    }  # fmt: skip
    assert [answer.status_code for answer in opened] == [200, 200, 200, 404]
    assert [row["id"] for row in opened[2].json()["data"]] == [SITE]
    assert opened[1].headers["vary"] == "Authorization, Cookie"
    assert (forbidden.status_code, out.status_code, kept, after.status_code) == (403, 204, {}, 401)


async def test_nobody_learns_who_has_an_account(website: str) -> None:
    """The same answer, for the same work: one password hashed."""
    registry = CollectorRegistry()
    settings = settings_for(website)
    app = create_app(settings, lambda: NOW, registry)
    async with app.router.lifespan_context(app):
        api = Api(app, "", settings)
        ada, eve = await add_user(api, "ada@example.com"), await add_user(api, "eve@example.com")
        async with browser(api) as client:
            changed = {"email": "eve@example.com", "role": "viewer", "disabled": True}
            await client.put(f"{USERS}/{eve['id']}", json=changed, headers=owner(api))
            # The first one of all also makes what nobody's password is compared with.
            await client.post(SESSION, json={"email": "nobody@example.com", "password": "x"})
            answers: list[httpx.Response] = []
            work: list[float] = []
            for email, password in (
                ("nobody@example.com", "wrong password"),
                ("ada@example.com", "wrong password"),
                ("ada@example.com", ""),
                ("eve@example.com", eve["password"]),
            ):
                before = registry.get_sample_value("password_hashes_total") or 0
                answers.append(await client.post(SESSION, json={"email": email, "password": password}))
                work.append((registry.get_sample_value("password_hashes_total") or 0) - before)
            right = await client.post(SESSION, json={"email": "ada@example.com", "password": ada["password"]})

    bodies = [{**answer.json(), "request_id": ""} for answer in answers]
    assert [answer.status_code for answer in answers] == [401] * 4
    assert bodies == [bodies[0]] * 4 and work == [1] * 4
    assert bodies[0]["code"] == "wrong_credentials"
    assert right.status_code == 200


async def test_passwords_cannot_be_tried_for_long(website: str) -> None:
    moment = NOW
    async with running(settings_for(website), lambda: moment) as api:
        ada = await add_user(api, "ada@example.com")

        async def attempt(email: str, address: str) -> int:
            async with browser(api, address=address) as client:
                answer = await client.post(SESSION, json={"email": email, "password": "wrong password"})
                assert answer.status_code != 429 or int(answer.headers["retry-after"]) == 3
                return answer.status_code

        one_network = [await attempt(f"user{n}@example.com", f"198.51.100.{n}") for n in range(ATTEMPTS_PER_MINUTE + 1)]
        one_account = [await attempt("ada@example.com", f"198.51.{n}.1") for n in range(ATTEMPTS_PER_MINUTE + 1)]
        async with browser(api, address="203.0.113.1") as client:
            right = await client.post(SESSION, json={"email": "ada@example.com", "password": ada["password"]})
            moment += timedelta(seconds=3)
            later = await client.post(SESSION, json={"email": "ada@example.com", "password": ada["password"]})

    assert one_network == [401] * ATTEMPTS_PER_MINUTE + [429]
    # 198.51.100.0/24 is not among these: one account is tried from many networks.
    assert one_account == [401] * ATTEMPTS_PER_MINUTE + [429]
    assert (right.status_code, later.status_code) == (429, 200)


async def test_a_session_ends_when_it_is_not_used_and_when_it_is_old(website: str) -> None:
    moment: datetime = NOW
    async with running(settings_for(website), lambda: moment) as api, browser(api) as client:
        user = await add_user(api, "ada@example.com")
        await sign_in(client, user)
        statuses: list[int] = []
        while moment - NOW < SESSION_LIFETIME:
            statuses.append((await client.get(DASHBOARD)).status_code)
            moment += UNUSED_LIFETIME - timedelta(seconds=1)
        old = (await client.get(DASHBOARD)).status_code
        moment = NOW
        await sign_in(client, user)
        moment += UNUSED_LIFETIME
        unused = (await client.get(DASHBOARD)).status_code

    assert statuses == [200] * len(statuses) and len(statuses) > 4
    assert (old, unused) == (401, 401)


async def test_every_session_ends_with_the_password_and_this_browser_gets_another(website: str) -> None:
    async with open_installation(website) as api, browser(api) as client, browser(api) as elsewhere:
        user = await add_user(api, "ada@example.com")
        await sign_in(client, user)
        await sign_in(elsewhere, user)
        before = client.cookies[COOKIE]
        path = f"{SESSION}/password"
        new = "another good password"
        refused = [
            await client.put(path, json={"current": "wrong password", "new": new}),
            await client.put(path, json={"current": user["password"], "new": "short"}),
            await client.put(path, json={"current": user["password"], "new": new}, headers={"origin": "null"}),
            await client.put(path, json={"current": user["password"], "new": new}, headers={"cookie": ""}),
        ]
        still = await elsewhere.get(SESSION)
        changed = await client.put(path, json={"current": user["password"], "new": new})
        after = [
            await client.get(SESSION),
            await elsewhere.get(SESSION),
            await elsewhere.get(SESSION, headers={"cookie": f"{COOKIE}={before}"}),
            await elsewhere.post(SESSION, json={"email": user["email"], "password": user["password"]}),
            await elsewhere.post(SESSION, json={"email": user["email"], "password": new}),
        ]

    assert [answer.status_code for answer in refused] == [403, 422, 403, 401]
    assert (still.status_code, changed.status_code) == (200, 204)
    assert [answer.status_code for answer in after] == [200, 401, 401, 401, 200]


async def test_a_user_who_is_deleted_disabled_or_demoted_is_so_in_every_browser(website: str) -> None:
    async with open_installation(website) as api, browser(api) as client, browser(api) as manager:
        manager.headers.update(owner(api))
        answers: list[int] = []
        await add_user(api, "owner@example.com", "owner")
        for change in ("delete", "disable", "demote"):
            user = await add_user(api, f"{change}@example.com", "owner")
            await sign_in(client, user)
            assert (await client.get(USERS)).status_code == 200
            path = f"{USERS}/{user['id']}"
            if change == "delete":
                changed = await manager.delete(path)
            else:
                fields = {"email": user["email"], "role": "viewer", "disabled": change == "disable"}
                changed = await manager.put(path, json=fields)
            assert changed.is_success, changed.content
            answers.append((await client.get(USERS)).status_code)

    assert answers == [401, 401, 403]


async def test_a_session_ended_elsewhere_is_void_five_seconds_later(website: str) -> None:
    moment = NOW
    async with running(settings_for(website), lambda: moment) as api, browser(api) as client:
        await sign_in(client, await add_user(api, "ada@example.com"))
        await client.get(SESSION)
        with psycopg.connect(website) as connection:
            connection.execute("DELETE FROM users")
        moment = NOW + timedelta(seconds=5)
        later = await client.get(SESSION)

    assert later.status_code == 401


async def test_the_cookie_and_the_password_are_nowhere_in_the_database(website: str) -> None:
    async with open_installation(website) as api, browser(api) as client:
        user = await add_user(api, "ada@example.com")
        await sign_in(client, user)
        session_id = client.cookies[COOKIE]
    with psycopg.connect(website) as connection:
        stored = connection.execute("SELECT u::text, s::text FROM users u, user_sessions s").fetchall()

    assert len(stored) == 1 and "$argon2id$" in str(stored)
    assert session_id not in str(stored) and str(user["password"]) not in str(stored)


async def test_a_hash_of_older_parameters_is_renewed_at_the_next_sign_in(website: str) -> None:
    def kept() -> str:
        with psycopg.connect(website) as connection:
            return str(connection.execute("SELECT password_hash FROM users").fetchall()[0][0])

    async with open_installation(website) as api, browser(api) as client:
        user = await add_user(api, "ada@example.com")
        weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(str(user["password"]))
        with psycopg.connect(website) as connection:
            connection.execute("UPDATE users SET password_hash = %s", (weak,))
        refused = await client.post(SESSION, json={"email": user["email"], "password": "wrong password"})
        before = kept()
        await sign_in(client, user)
        renewed = kept()
        await sign_in(client, user)

    assert (refused.status_code, before) == (401, weak)
    assert not is_outdated(renewed)
    assert kept() == renewed


async def test_a_user_has_a_limited_number_of_sessions_and_the_oldest_goes_first(website: str) -> None:
    async with open_installation(website) as api, browser(api) as client:
        user = await add_user(api, "ada@example.com")
        await sign_in(client, user)
        with psycopg.connect(website) as connection:
            connection.execute(
                "INSERT INTO user_sessions (digest, user_id, created_at, last_used_at)"
                " SELECT sha256(n::text::bytea), %s, %s + n * interval '1 second', %s FROM generate_series(1, %s) n",
                (user["id"], NOW, NOW, MAX_SESSIONS_PER_USER - 1),
            )
        first = await client.get(SESSION)
        async with browser(api) as another:
            await sign_in(another, user)
        with psycopg.connect(website) as connection:
            left = connection.execute("SELECT count(*), min(created_at) FROM user_sessions").fetchone()

    assert first.status_code == 200
    assert left == (MAX_SESSIONS_PER_USER, NOW)


async def test_a_header_counts_before_the_cookie(website: str) -> None:
    async with open_installation(website) as api, browser(api) as client:
        await sign_in(client, await add_user(api, "ada@example.com", "owner"))
        answers = [
            await client.get(DASHBOARD, headers={"authorization": value})
            for value in ("Bearer x", "Basic eDp5", f"Bearer {make_key().text}", f"Bearer {client.cookies[COOKIE]}")
        ]

    assert [answer.status_code for answer in answers] == [401] * 4


async def test_nobody_can_be_looked_up_without_the_database() -> None:
    async with open_installation("postgresql://127.0.0.1:1/none") as api, browser(api) as client:
        answers = await asyncio.gather(
            client.get(SESSION, headers={"cookie": f"{COOKIE}={'a' * 43}"}),
            client.get("/api/v1/setup"),
            client.post(SESSION, json={"email": "ada@example.com", "password": "x"}),
        )

    assert [answer.status_code for answer in answers] == [503] * 3
