"""The cookie of a signed-in browser, and pages of others that would use it."""

import pytest

from tests.queryapi.funnel_client import register
from tests.queryapi.people import (
    COOKIE,
    HOST,
    ORIGIN,
    SESSION,
    add_user,
    browser,
    open_installation,
    sign_in,
)
from tests.queryapi.rig import SITE

DASHBOARD = f"/api/v1/analytics/dashboard/{SITE}"
WEBSITES = "/api/v1/websites"
PROXY = {"TRUSTED_PROXIES": "192.0.2.1/32"}
HTTPS = {"x-forwarded-proto": "https"}


@pytest.fixture
def website(database: str) -> str:
    register(database, SITE)
    return database


async def test_the_cookie_is_out_of_reach_of_scripts_and_of_plain_http_where_there_is_tls(website: str) -> None:
    async with open_installation(website, **PROXY) as api:
        user = await add_user(api, "ada@example.com")
        asked = {"email": "ada@example.com", "password": user["password"]}
        async with browser(api, "https://stats.example", **HTTPS) as client:
            secure = (await client.post(SESSION, json=asked)).headers["set-cookie"]
        async with browser(api) as client:
            plain = (await client.post(SESSION, json=asked)).headers["set-cookie"]
        async with browser(api, address="198.51.100.1", **HTTPS) as client:
            untrusted = (await client.post(SESSION, json=asked)).headers["set-cookie"]

    assert secure.startswith("__Host-analytics=")
    assert set(secure.split("; ")[1:]) == {"HttpOnly", "Max-Age=2592000", "Path=/", "SameSite=lax", "Secure"}
    for cookie in (plain, untrusted):
        assert cookie.startswith(f"{COOKIE}=")
        assert set(cookie.split("; ")[1:]) == {"HttpOnly", "Max-Age=2592000", "Path=/", "SameSite=lax"}


async def test_a_cookie_that_somebody_else_set_signs_nobody_in(website: str) -> None:
    """A subdomain or plain http can set the plain name, never `__Host-`; beside ours it makes two of one name."""
    async with open_installation(website, **PROXY) as api, browser(api) as client:
        user = await add_user(api, "ada@example.com")
        await sign_in(client, user)
        session_id = client.cookies[COOKIE]
        client.cookies.clear()
        tossed: list[tuple[str, dict[str, str]]] = [
            (f"{COOKIE}={session_id}", HTTPS),
            (f"__Host-analytics={session_id}", {}),
            (f"{COOKIE}={'x' * 43}; {COOKIE}={session_id}", {}),
            (f"{COOKIE}={session_id}; {COOKIE}={'x' * 43}", {}),
            (f'{COOKIE}="{session_id}"', {}),
            (f"{COOKIE}={session_id}x", {}),
            (f"{COOKIE.upper()}={session_id}", {}),
            (f"{COOKIE}=", {}),
            ("; =;;" * 100, {}),
        ]
        answers = [await client.get(DASHBOARD, headers={"cookie": cookie, **more}) for cookie, more in tossed]
        genuine = await client.get(DASHBOARD, headers={"cookie": f"other=1;{COOKIE}={session_id}"})

    assert [answer.status_code for answer in answers] == [401] * len(tossed)
    assert genuine.status_code == 200


async def test_a_session_that_was_planted_is_not_the_one_that_is_signed_in(website: str) -> None:
    async with open_installation(website) as api, browser(api) as client, browser(api) as attacker:
        await sign_in(attacker, await add_user(api, "eve@example.com"))
        planted = {**dict(attacker.cookies)}
        ada = await add_user(api, "ada@example.com")
        for value in (planted[COOKIE], "A" * 43):
            answer = await client.post(
                SESSION,
                json={"email": ada["email"], "password": ada["password"]},
                headers={"cookie": f"{COOKIE}={value}"},
            )
            assert answer.cookies[COOKIE] != value
        after = [
            await client.get(SESSION, headers={"cookie": f"{COOKIE}={value}"}) for value in (planted[COOKIE], "A" * 43)
        ]

    assert [answer.status_code for answer in after] == [401, 401]


FORGED: dict[str, tuple[dict[str, str], int]] = {
    "no origin": ({}, 403),
    "foreign": ({"origin": "http://evil.example"}, 403),
    "null": ({"origin": "null"}, 403),
    "empty": ({"origin": ""}, 403),
    "subdomain": ({"origin": "http://queryapi.evil.example"}, 403),
    "prefix": ({"origin": "http://queryapi@evil.example"}, 403),
    "other port": ({"origin": "http://queryapi:81"}, 403),
    "no port": ({"origin": "http://queryapi:port"}, 403),
    "path": ({"origin": "http://queryapi/x"}, 403),
    "form": ({"origin": HOST, "content-type": "text/plain"}, 415),
}


async def test_a_foreign_page_changes_nothing_with_the_cookie(website: str) -> None:
    async with open_installation(website) as api, browser(api) as client:
        await sign_in(client, await add_user(api, "ada@example.com", "owner"))
        del client.headers["origin"]
        for name, (headers, status) in FORGED.items():
            sent = {"content-type": "application/json", **headers}
            answer = await client.post(WEBSITES, content=b'{"id": "forged"}', headers=sent)
            assert answer.status_code == status, name
        deletions = [
            await client.delete(path, headers=headers)
            for path in (f"{WEBSITES}/{SITE}", SESSION)
            for headers in ({}, {"origin": "http://evil.example"})
        ]
        made = await client.post(WEBSITES, json={"id": "genuine"}, headers=ORIGIN)
        listed = (await client.get(WEBSITES)).json()

    assert [answer.status_code for answer in deletions] == [403] * 4
    assert made.status_code == 201
    assert [row["id"] for row in listed["data"]] == ["genuine", SITE]


async def test_a_foreign_page_signs_nobody_in(website: str) -> None:
    async with open_installation(website) as api, browser(api) as client:
        user = await add_user(api, "ada@example.com")
        asked = {"email": user["email"], "password": user["password"]}
        foreign = await client.post(SESSION, json=asked, headers={"origin": "http://evil.example"})
        del client.headers["origin"]
        form = await client.post(SESSION, content=b"{}", headers={"content-type": "text/plain"})
        command_line = await client.post(SESSION, json=asked)

    assert (foreign.status_code, form.status_code, command_line.status_code) == (403, 415, 200)


async def test_the_origin_is_https_where_the_request_is_or_the_public_one(website: str) -> None:
    async with open_installation(website, **PROXY, PUBLIC_URL="https://stats.example.com/") as api:
        user = await add_user(api, "ada@example.com", "owner")
        async with browser(api, "https://stats.example", **HTTPS) as client:
            await sign_in(client, user)
            downgraded = await client.delete(SESSION, headers={"origin": "http://stats.example"})
            named = await client.delete(f"{WEBSITES}/{SITE}", headers={"origin": "https://stats.example.com"})
            ports = await client.delete(SESSION, headers={"origin": "https://stats.example:443"})

    assert (downgraded.status_code, named.status_code, ports.status_code) == (403, 204, 204)
