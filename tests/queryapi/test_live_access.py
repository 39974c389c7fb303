"""The live view is seen by whoever may see the report, and for as long."""

from collections.abc import Awaitable
from contextlib import AsyncExitStack
from datetime import timedelta

import httpx
import psycopg
import pytest

from queryapi.live import Pace
from tests.queryapi.listening import LIVE, hit, listening, serving
from tests.queryapi.people import add_user, browser, owner, sign_in
from tests.queryapi.rig import NOW, SITE, store
from tests.queryapi.test_http import bearer


@pytest.mark.rule("R63")
@pytest.mark.parametrize(
    ("headers", "query", "status"),
    [({}, "", 401), (bearer(websites=["theirs"]), "", 404), (bearer(), "days=7", 400), (bearer(), "country=", 400),
     (bearer(), "explain=true", 400)],
)  # fmt: skip
async def test_what_the_report_refuses_is_refused(
    database: str, headers: dict[str, str], query: str, status: int
) -> None:
    store(database, [hit("one")])

    async with serving(database) as api:
        refused = await api.get(LIVE, query, headers)

    assert refused.status == status
    assert refused.headers["content-type"] == "application/json"


@pytest.mark.rule("R63")
async def test_it_ends_with_the_key_the_session_the_link_and_the_token(database: str) -> None:
    store(database, [hit("one")])
    moments = [NOW]

    async with serving(database, moments=moments) as api, AsyncExitStack() as stack:
        client = await stack.enter_async_context(browser(api, **owner(api)))
        key = (await client.post(f"/api/v1/websites/{SITE}/keys", json={"scopes": ["stats:read"]})).json()
        link = (await client.post(f"/api/v1/websites/{SITE}/shares", json={})).json()
        reading = (await client.post("/api/v1/shares/session", json={"token": link["token"]})).json()["access_token"]
        signed_in = await stack.enter_async_context(browser(api))
        await sign_in(signed_in, await add_user(api, "bob@example.com"))
        cookie = f"analytics_session={signed_in.cookies['analytics_session']}"
        credentials = {
            "key": {"authorization": f"Bearer {key['key']}"},
            "share": {"authorization": f"Bearer {reading}"},
            "cookie": {"cookie": cookie},
            "token": bearer(),
        }
        streams = {
            name: await stack.enter_async_context(listening(api.app, sent)) for name, sent in credentials.items()
        }
        for stream in streams.values():
            await stream.until("heartbeats", 3)
        before = [stream.is_over for stream in streams.values()]
        await _ok(client.delete(f"/api/v1/websites/{SITE}/keys/{key['id']}"))
        await streams["key"].until("is_over")
        await _ok(client.delete(f"/api/v1/websites/{SITE}/shares/{link['id']}"))
        await streams["share"].until("is_over")
        await _ok(signed_in.delete("/api/v1/session"))
        await streams["cookie"].until("is_over")
        still = streams["token"].is_over
        moments.append(NOW + timedelta(minutes=11))
        await streams["token"].until("is_over")

    assert before == [False] * 4 and not still


@pytest.mark.rule("N7")
async def test_a_link_s_filters_hold_in_its_live_view(database: str) -> None:
    store(database, [hit("one"), hit("two", "AT"), hit("three", "AT")])

    async with serving(database) as api, browser(api, **owner(api)) as client:
        filters = {"filters": {"country": ["AT"]}}
        link = (await client.post(f"/api/v1/websites/{SITE}/shares", json=filters)).json()
        reading = (await client.post("/api/v1/shares/session", json={"token": link["token"]})).json()["access_token"]
        async with (
            listening(api.app, bearer()) as whole,
            listening(api.app, {"authorization": f"Bearer {reading}"}) as shared,
        ):
            await whole.until("events")
            await shared.until("events")
            store(database, [hit("four", "AT")])
            await whole.until("events", 2)
            await shared.until("events", 2)

    assert (whole.current, shared.current) == ([3, 4], [2, 3])


async def test_a_public_website_s_is_public_until_it_is_not(database: str) -> None:
    store(database, [hit("one")])
    _set_public(database, is_public=True)

    async with serving(database) as api, listening(api.app, {}) as stream:
        await stream.until("events")
        _set_public(database, is_public=False)
        await stream.until("is_over")

    assert stream.status == 200


async def test_it_ends_with_its_website(database: str) -> None:
    store(database, [hit("one")])
    believing = Pace(look_seconds=0.02, silence_seconds=0.02, belief_seconds=3600)

    async with serving(database, believing) as api, listening(api.app, bearer()) as stream:
        await stream.until("events")
        with psycopg.connect(database) as connection:
            connection.execute("DELETE FROM websites WHERE website_id = %s", (SITE,))
        await stream.until("is_over")

    assert stream.status == 200


async def _ok(asked: Awaitable[httpx.Response]) -> None:
    answer = await asked
    assert answer.is_success, answer.content


def _set_public(database: str, *, is_public: bool) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE websites SET is_public = %s WHERE website_id = %s", (is_public, SITE))
