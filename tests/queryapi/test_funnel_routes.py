"""Funnels over HTTP: made, listed, replaced, deleted, and whom they are kept from."""

import asyncio
from datetime import datetime
from uuid import uuid4

import pytest

from tests.queryapi.funnel_client import A_TO_B, CART_TO_PAID, FUNNELS, bearer, register, serving
from tests.queryapi.rig import SITE


@pytest.fixture
def website(database: str) -> str:
    """The database, with the website registered and nothing else."""
    register(database, SITE)
    return database


async def test_funnel_is_made_listed_and_can_be_put_back(website: str) -> None:
    async with serving(website) as client:
        made = await client.post(FUNNELS, json=CART_TO_PAID)
        listed = await client.get(f"{FUNNELS}/{SITE}")
        put_back = await client.put(made.headers["location"], json=made.json())

    funnel = made.json()
    assert made.status_code == 201
    assert made.headers["location"] == f"{FUNNELS}/{funnel['id']}"
    assert (funnel["scope"], funnel["window_seconds"], funnel["order"]) == ("visitor", 86_400, "ordered")
    assert [step["order"] for step in funnel["steps"]] == [1, 2]
    assert funnel["steps"][1]["properties"] == {"plan": "pro"}
    assert (listed.json()["data"], listed.json()["total"]) == ([funnel], 1)
    assert put_back.status_code == 200
    assert {**put_back.json(), "updated_at": None} == {**funnel, "updated_at": None}


@pytest.mark.rule("B16")
async def test_replacing_keeps_what_a_funnel_is(website: str) -> None:
    async with serving(website) as client:
        made = (await client.post(FUNNELS, json=CART_TO_PAID)).json()
        kept = {**made["steps"][1], "order": 1}
        new = {"page": "/thanks", "order": 2}
        upper = f"{FUNNELS}/{made['id'].upper()}"
        changed = (await client.put(upper, json={"name": "Paid up", "steps": [new, kept]})).json()
        moved = await client.put(upper, json={**CART_TO_PAID, "website_id": "elsewhere"})

    assert (changed["id"], changed["created_at"]) == (made["id"], made["created_at"])
    assert datetime.fromisoformat(changed["updated_at"]) > datetime.fromisoformat(made["updated_at"])
    assert [step["name"] for step in changed["steps"]] == ["Paid", "/thanks"]
    assert changed["steps"][0]["id"] == made["steps"][1]["id"]
    assert (moved.status_code, moved.json()["code"]) == (409, "immutable_field")


@pytest.mark.rule("B16")
async def test_a_change_of_another_version_is_refused(website: str) -> None:
    async with serving(website) as client:
        made = await client.post(FUNNELS, json=CART_TO_PAID)
        path, tag = made.headers["location"], made.headers["etag"]
        current = await client.put(path, json=CART_TO_PAID, headers={"if-match": f'"0", {tag}'})
        outdated = await client.put(path, json=CART_TO_PAID, headers={"if-match": tag})
        kept = await client.delete(path, headers={"if-match": tag})
        deleted = await client.delete(path, headers={"if-match": "*"})

    assert [reply.status_code for reply in (current, outdated, kept, deleted)] == [200, 412, 412, 204]
    assert current.headers["etag"] != tag


@pytest.mark.rule("B17")
async def test_deleting_twice_finds_nothing(website: str) -> None:
    async with serving(website) as client:
        path = (await client.post(FUNNELS, json=CART_TO_PAID)).headers["location"]
        replies = [await client.delete(path) for _ in range(2)]

    assert [reply.status_code for reply in replies] == [204, 404]


async def test_of_many_of_one_name_one_is_made(website: str) -> None:
    async with serving(website) as client:
        replies = await asyncio.gather(*(client.post(FUNNELS, json=CART_TO_PAID) for _ in range(100)))

    assert sorted(reply.status_code for reply in replies) == [201] + [409] * 99
    assert {reply.json()["code"] for reply in replies if reply.status_code == 409} == {"name_taken"}


async def test_taking_another_funnels_name_is_refused(website: str) -> None:
    async with serving(website) as client:
        await client.post(FUNNELS, json=CART_TO_PAID)
        other = (await client.post(FUNNELS, json=A_TO_B)).headers["location"]
        renamed = await client.put(other, json={**A_TO_B, "name": "Checkout"})

    assert (renamed.status_code, renamed.json()["code"]) == (409, "name_taken")
    assert renamed.json()["details"] == {"field": "name"}


async def test_a_retry_makes_no_second_funnel(website: str) -> None:
    headers = {"idempotency-key": "5f0c"}

    async with serving(website) as client:
        replies = await asyncio.gather(*(client.post(FUNNELS, json=A_TO_B, headers=headers) for _ in range(5)))
        listed = await client.get(f"{FUNNELS}/{SITE}")

    assert {(reply.status_code, reply.json()["id"]) for reply in replies} == {(201, listed.json()["data"][0]["id"])}
    assert listed.json()["total"] == 1


async def test_lists_come_in_pages_by_name(website: str) -> None:
    async with serving(website) as client:
        for name in ("b", "C", "a"):
            await client.post(FUNNELS, json={**A_TO_B, "name": name})
        first = (await client.get(f"{FUNNELS}/{SITE}?limit=2")).json()
        second = (await client.get(f"{FUNNELS}/{SITE}?limit=2&offset=2")).json()
        beyond = (await client.get(f"{FUNNELS}/{SITE}?offset=9")).json()

    assert [funnel["name"] for funnel in first["data"] + second["data"]] == ["C", "a", "b"]
    assert (first["total"], beyond["total"], beyond["data"]) == (3, 3, [])


REFUSED = [
    pytest.param({"headers": {"content-type": "text/plain"}, "content": b"{}"}, 415, id="D91 text"),
    pytest.param({"content": b"{}"}, 415, id="no content type"),
    pytest.param({"headers": {"content-type": "application/json; charset=utf-8"}, "content": b""}, 400, id="D1 empty"),
    pytest.param({"json": {key: A_TO_B[key] for key in ("name", "steps")}}, 422, id="D13 no website_id"),
    pytest.param({"json": {**A_TO_B, "website_id": "unknown"}}, 404, id="unknown website"),
    pytest.param({"json": {**A_TO_B, "website_id": "%"}}, 404, id="no website could have this id"),
    pytest.param({"json": {**A_TO_B, "steps": [A_TO_B["steps"]]}}, 422, id="steps in steps"),
    pytest.param({"json": A_TO_B, "params": {"dry_run": "1"}}, 400, id="unknown parameter"),
    pytest.param({"json": A_TO_B, "headers": {"idempotency-key": ""}}, 400, id="empty idempotency key"),
    pytest.param({"content": b" " * 70_000, "headers": {"content-type": "application/json"}}, 413, id="70 000 bytes"),
]


async def test_what_cannot_be_made_is_refused_in_the_error_shape(website: str) -> None:
    async with serving(website) as client:
        for case in REFUSED:
            options, status = case.values[0], case.values[1]
            assert isinstance(options, dict)
            reply = await client.post(FUNNELS, **options)  # pyright: ignore[reportUnknownArgumentType] -- httpx's own options

            assert (case.id, reply.status_code) == (case.id, status)
            assert reply.json().keys() == {"error", "code", "details", "request_id"}


@pytest.mark.rule("R63")
async def test_a_funnel_of_somebody_else_looks_like_none(website: str) -> None:
    register(website, "other")

    async with serving(website) as client:
        path = (await client.post(FUNNELS, json=CART_TO_PAID)).headers["location"]
        stranger = bearer(website, "owner", ("other",))
        ours = [
            await client.put(path, json=CART_TO_PAID, headers=stranger),
            await client.delete(path, headers=stranger),
            await client.get(f"{path}/performance", headers=stranger),
        ]
        nobodys = [
            await client.put(f"{FUNNELS}/{uuid4()}", json=CART_TO_PAID),
            await client.delete(f"{FUNNELS}/not-a-uuid"),
            await client.get(f"{FUNNELS}/{uuid4()}/performance"),
        ]
        listed = await client.get(f"{FUNNELS}/{SITE}", headers=stranger)
        made = await client.post(FUNNELS, json=CART_TO_PAID, headers=stranger)

    shapes = {(reply.status_code, reply.json()["code"], reply.json()["error"]) for reply in (*ours, *nobodys)}
    assert shapes == {(404, "funnel_not_found", "no such funnel")}
    assert {(listed.status_code, listed.json()["code"]), (made.status_code, made.json()["code"])} == {
        (404, "website_not_found")
    }


@pytest.mark.rule("R63")
async def test_changing_needs_its_own_scope(website: str) -> None:
    async with serving(website) as client:
        path = (await client.post(FUNNELS, json=CART_TO_PAID)).headers["location"]
        for method, where in (("POST", FUNNELS), ("PUT", path), ("DELETE", path)):
            viewer = await client.request(method, where, json=A_TO_B, headers=bearer(website, "viewer", (SITE,)))
            nobody = await client.request(method, where, json=A_TO_B, headers={"authorization": ""})

            assert (viewer.status_code, nobody.status_code) == (403, 401)
            assert nobody.headers["www-authenticate"] == "Bearer"
        seen = await client.get(f"{FUNNELS}/{SITE}", headers=bearer(website, "viewer", (SITE,)))

    assert seen.json()["total"] == 1


@pytest.mark.rule("C14")
async def test_reading_by_a_funnels_id_gets_a_hint(website: str) -> None:
    async with serving(website) as client:
        path = (await client.post(FUNNELS, json=CART_TO_PAID)).headers["location"]
        found = await client.get(path)
        not_allowed = await client.patch(path, json={})

    assert found.status_code == 404
    assert SITE in found.json()["details"]["hint"]
    assert not_allowed.status_code == 405
    assert {"GET", "PUT", "DELETE"} <= set(not_allowed.headers["allow"].split(", "))
