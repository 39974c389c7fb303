"""Every example of the document is sent, and answered as the document says."""

import re
from collections.abc import Mapping
from typing import Any

import orjson
import pytest

from tests.ingest.gateway import running as running_gateway
from tests.openapi.answering import problems
from tests.queryapi.rig import SITE, Api, Reply, call, running, settings_for, store, vector

Document = dict[str, Any]
# Examples that cannot be good here: there is a user already, nobody is signed in with a cookie, and the link of a
# share is not known beforehand.
REFUSED = {
    ("post", "/api/v1/setup"): 409,
    ("get", "/api/v1/session"): 401,
    ("put", "/api/v1/session/password"): 401,
    ("post", "/api/v1/shares/session"): 404,
}
# What others need is made first, and removed last.
ORDER = ("post", "get", "put", "delete")


def is_gateway_s(path: str) -> bool:
    return path.endswith(("/event", "/event/batch", "/track", ".js", ".ts", ".gif"))


def is_endless(operation: Document) -> bool:
    """A stream of events; its own tests read it."""
    return "text/event-stream" in operation["responses"].get("200", {}).get("content", {})


def filled(path: str, ids: Mapping[str, str]) -> str:
    return re.sub(r"{(\w+)}", lambda found: ids[found[1]], path)


async def send(api: Api, method: str, path: str, operation: Document) -> Reply:
    """The operation's own example, with an owner's token."""
    headers = {"authorization": f"Bearer {api.token}"}
    sent = b""
    if "requestBody" in operation:
        media_type, content = next(iter(operation["requestBody"]["content"].items()))
        headers |= {"content-type": media_type}
        example = content["example"]
        sent = example.encode() if isinstance(example, str) else orjson.dumps(example)
    if path.startswith(("/api/v1/session", "/api/v1/setup")):
        headers = {**headers, "origin": "http://testserver", "host": "testserver"}
    return await call(api.app, path, operation.get("x-example-query", ""), headers, method.upper(), sent)


async def test_every_example_is_answered_as_described(database: str) -> None:
    store(database, vector())

    async with running(settings_for(database)) as api:
        document = (await api.get("/api/v1/openapi.json")).body
        ids = {"website_id": SITE, "visitor_id": "v1", "key_id": "", "goal_id": "", "user_id": "", "share_id": "",
               "annotation_id": "", "segment_id": ""}  # fmt: skip
        made = {"/api/v1/websites/{website_id}/shares": "share_id",
                "/api/v1/websites/{website_id}/segments": "segment_id",
                "/api/v1/websites/{website_id}/annotations": "annotation_id",
                "/api/v1/funnels": "id", "/api/v1/websites/{website_id}/goals": "goal_id",
                "/api/v1/websites/{website_id}/keys": "key_id", "/api/v1/users": "user_id"}  # fmt: skip
        asked = [
            (method, path, operation)
            for path, methods in document["paths"].items()
            for method, operation in methods.items()
            if not is_gateway_s(path) and not is_endless(operation)
        ]
        # The website itself goes last: everything else hangs on it.
        asked.sort(key=lambda one: (ORDER.index(one[0]), one[1] == "/api/v1/websites/{website_id}", -len(one[1])))
        wrong: dict[str, object] = {}
        await _make_ada(api)
        for method, path, operation in asked:
            here = {**ids, "id": SITE} if (method, path) == ("get", "/api/v1/funnels/{id}") else ids
            reply = await send(
                api, method, re.sub(r"{(\w+)}", lambda found, here=here: here[found[1]], path), operation
            )
            expected = REFUSED.get((method, path), min(map(int, operation["responses"])))
            body = orjson.loads(reply.payload) if reply.payload[:1] == b"{" else None
            found = problems(document, operation, reply.status, body)
            if reply.status != expected or found:
                wrong[f"{method} {path}"] = (reply.status, found, reply.payload[:300])
            if path in made and reply.status == 201 and body is not None:
                ids[made[path]] = body["id"]

    assert not wrong, "\n".join(f"{name}: {found}" for name, found in wrong.items())


@pytest.mark.parametrize("path", ["/api/v1/analytics/event", "/api/v1/analytics/event/batch", "/api/v1/events/track"])
async def test_every_example_of_an_event_is_accepted_as_described(database: str, redis_url: str, path: str) -> None:
    async with running(settings_for(database)) as api:
        document = (await api.get("/api/v1/openapi.json")).body
    operation = document["paths"][path]["post"]

    async with running_gateway(redis_url) as gateway:
        reply = await gateway.send(operation["requestBody"]["content"]["application/json"]["example"], path)
        refused = await gateway.send({"events": [{"page": "/"}]} if path.endswith("batch") else {"page": "/"}, path)

    assert (reply.status_code, refused.status_code) == (202, 400)
    assert problems(document, operation, 202, reply.json()) == []
    assert problems(document, operation, 400, refused.json()) == []


async def test_every_example_of_a_get_of_the_gateway_is_answered(database: str, redis_url: str) -> None:
    async with running(settings_for(database)) as api:
        document = (await api.get("/api/v1/openapi.json")).body

    async with running_gateway(redis_url) as gateway:
        for path, methods in document["paths"].items():
            if is_gateway_s(path) and "get" in methods:
                operation = methods["get"]
                reply = await gateway.client.get(f"{path}?{operation.get('x-example-query', '')}")

                assert reply.status_code == 200, path
                described = next(iter(operation["responses"]["200"]["content"]))
                assert reply.headers["content-type"].partition(";")[0] == described


async def _make_ada(api: Api) -> None:
    """The user that the examples sign in as."""
    body = {"email": "ada@example.com", "role": "owner", "password": "a-long-password-of-yours"}
    headers = {"authorization": f"Bearer {api.token}", "content-type": "application/json"}
    reply = await call(api.app, "/api/v1/users", "", headers, "POST", orjson.dumps(body))
    assert reply.status == 201, reply.payload
