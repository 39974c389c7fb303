"""One port before the real services: every route of either is reached through it."""

import re

import httpx
import pytest
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from ingest.app import create_app as create_gateway
from queryapi.app import create_app as create_queryapi
from shared.clock import utc_now
from shared.front_door import FrontDoor
from shared.settings import read_settings
from tests.queryapi.rig import SECRET

SETTINGS = read_settings({"JWT_SECRET": SECRET, "DATABASE_URL": "postgresql://localhost:1/x"})
# Both have them, and the door says whose they are.
SHARED = {"/health", "/ready", "/metrics"}


class Marked:
    """In place of a route's endpoint: it says whose it is, and which."""

    def __init__(self, service: str, template: str) -> None:
        self.mark = f"{service} {template}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"x-reached", self.mark.encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


def marked(service: str, app: Starlette) -> Starlette:
    """The same table of routes."""
    return Starlette(
        routes=[
            Route(route.path, Marked(service, route.path), methods=list(route.methods or ()) or None)
            for route in app.routes
            if isinstance(route, Route)
        ]
    )


GATEWAY = create_gateway(SETTINGS, Redis.from_url("redis://localhost:1"), utc_now, CollectorRegistry())
QUERYAPI = create_queryapi(SETTINGS, utc_now)
ROUTES = [
    (service, method, route.path)
    for service, app in (("gateway", GATEWAY), ("queryapi", QUERYAPI))
    for route in app.routes
    if isinstance(route, Route) and route.path not in SHARED
    for method in sorted(route.methods or {"GET", "POST", "PUT", "DELETE"})
]
# What stands for the ids in a path. The words of other routes can be no website's (SPEC C12).
NAMES = ("site-123", "e9f4ae1c-0000-4000-8000-000000000000", "event.js")


@pytest.mark.rule("C12")
async def test_every_route_of_either_service_is_reached_through_the_one_port() -> None:
    door = FrontDoor(marked("gateway", GATEWAY), marked("queryapi", QUERYAPI))
    reached: dict[str, str] = {}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(door), base_url="http://localhost") as client:
        for service, method, template in ROUTES:
            for name in NAMES:
                answer = await client.request(method, re.sub(r"{\w+(:\w+)?}", name, template))
                reached[f"{method} {template} {name}"] = answer.headers.get("x-reached", f"{answer.status_code}")
                assert reached[f"{method} {template} {name}"] == f"{service} {template}", (method, template, name)

    assert {mark.partition(" ")[0] for mark in reached.values()} == {"gateway", "queryapi"}


async def test_the_gateway_has_an_address_of_its_own_for_what_both_have() -> None:
    door = FrontDoor(marked("gateway", GATEWAY), marked("queryapi", QUERYAPI))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(door), base_url="http://localhost") as client:
        told = {
            path: (await client.get(path)).headers["x-reached"]
            for own in sorted(SHARED)
            for path in (own, f"/gateway{own}")
        }

    assert told == {
        path: mark for own in SHARED for path, mark in ((own, f"queryapi {own}"), (f"/gateway{own}", f"gateway {own}"))
    }


@pytest.mark.parametrize(
    "path",
    ["/gateway", "/gateway/", "/gateway/api/v1/analytics/event", "/api/v1/analytics/event/", "//health", "/Health"],
)
async def test_what_is_no_route_is_reached_by_nobody(path: str) -> None:
    door = FrontDoor(GATEWAY, QUERYAPI)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(door), base_url="http://localhost") as client:
        answer = await client.get(f"http://localhost{path}")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
