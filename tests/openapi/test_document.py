"""The document says what the two services do: every route, parameter, field and code."""

import gzip
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Route

from ingest.app import create_app as create_gateway
from ingest.body import MAX_BATCH_BYTES, MAX_SINGLE_BYTES
from ingest.parse import MAX_BATCH_EVENTS, ClientEvent
from ingest.properties import MAX_PROPERTIES
from queryapi.openapi import gateway
from shared.clock import utc_now
from shared.settings import read_settings
from tests.queryapi.rig import SECRET, SITE, Api, running, settings_for, store, vector

ROOT = Path(__file__).parent.parent.parent
# Pages and their files are no part of the API.
UNSAID = frozenset(("GET", path) for path in ("/docs.css", "/", "/share/{token}", "/assets/{version}/{name}"))
# Where a code is made that only a parser of ours sees.
CODE = re.compile(
    r'(?:AppError\(\s*\d+,|EventError\(|refuse(?:_filter)?\(|_unavailable\(|unauthorized\(|_Refusal\(\s*\d+,|_refuse\(\s*\d+,)\s*"([a-z_]+)"'
)
PARAMETER_CODE = re.compile(r'bad_parameter\((?:[^()]|\([^()]*\))*?, "([a-z_]+)"\s*\)')


async def the_document(api: Api) -> dict[str, Any]:
    reply = await api.get("/api/v1/openapi.json", headers={})
    assert reply.status == 200, reply.payload
    return reply.body


def said(document: dict[str, Any]) -> set[tuple[str, str]]:
    return {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}


def routed(routes: Iterable[BaseRoute]) -> set[tuple[str, str]]:
    """(method, path) of every route; HEAD and OPTIONS go without saying."""
    found: set[tuple[str, str]] = set()
    for route in routes:
        assert isinstance(route, Route), route
        path = re.sub(r":\w+}", "}", route.path)
        found |= {(method, path) for method in (route.methods or {"GET"}) - {"HEAD", "OPTIONS"}}
    return found


async def test_every_route_of_both_services_is_described(database: str) -> None:
    async with running(settings_for(database)) as api:
        document = await the_document(api)
        assert isinstance(api.app, Starlette)
        query_routes = routed(api.app.routes)
    redis = Redis.from_url("redis://localhost:1")
    settings = read_settings({"JWT_SECRET": SECRET})
    gateway_routes = routed(create_gateway(settings, redis, utc_now, CollectorRegistry()).routes)

    missing = (query_routes | gateway_routes) - said(document) - UNSAID
    gone = said(document) - query_routes - gateway_routes
    assert missing == set(), f"no description in queryapi/openapi of {sorted(missing)}"
    assert gone == set(), f"described in queryapi/openapi, but nowhere routed: {sorted(gone)}"


async def test_every_report_describes_the_parameters_it_takes(database: str) -> None:
    store(database, vector())

    async with running(settings_for(database)) as api:
        document = await the_document(api)
        for path, methods in document["paths"].items():
            operation = methods.get("get")
            if operation is None or not operation["security"][0] or "metrics" in operation["security"][0]["token"]:
                continue
            described = {
                "prop:" if one["name"] == "properties" else one["name"]
                for one in operation["parameters"]
                if one["in"] == "query"
            }

            assert all(one["description"] for one in operation["parameters"]), f"{path}: a parameter without words"

            refusal = await api.get(re.sub(r"{\w+}", SITE, path), "no_such_parameter=1")

            known = refusal.body["error"].partition("known are ")[2]
            assert refusal.status == 400, (path, refusal.payload)
            assert set(known.split(", ")) - {""} == described, path


async def test_every_error_code_is_described(database: str) -> None:
    async with running(settings_for(database)) as api:
        told = (await api.get("/api/v1/openapi.json", headers={})).payload.decode()
    made: set[str] = set()
    for package in ("ingest", "queryapi", "shared"):
        for path in (ROOT / package).rglob("*.py"):
            source = path.read_text("utf-8")
            made |= set(CODE.findall(source)) | set(PARAMETER_CODE.findall(source))

    assert {code for code in made if not re.search(rf"[` ]{code}`|\"{code}\"", told)} == set()


def test_what_is_said_of_the_gateway_is_the_gateway_s() -> None:
    assert set(gateway.EVENT_FIELDS) == set(ClientEvent.__struct_fields__)
    assert (gateway.MAX_SINGLE_BYTES, gateway.MAX_BATCH_BYTES) == (MAX_SINGLE_BYTES, MAX_BATCH_BYTES)
    assert (gateway.MAX_BATCH_EVENTS, gateway.MAX_PROPERTIES) == (MAX_BATCH_EVENTS, MAX_PROPERTIES)


@pytest.mark.parametrize(
    ("environ", "status"),
    [({}, 200), ({"ENVIRONMENT": "production"}, 404), ({"ENVIRONMENT": "production", "API_DOCS": "true"}, 200),
     ({"API_DOCS": "false"}, 404)],
)  # fmt: skip
async def test_production_shows_the_document_only_when_told_to(
    database: str, environ: dict[str, str], status: int
) -> None:
    async with running(settings_for(database, **environ)) as api:
        replies = [await api.get(path, headers={}) for path in ("/api/v1/openapi.json", "/docs", "/docs.css")]

    assert [reply.status for reply in replies] == [status] * 3


async def test_the_page_runs_nothing_and_loads_only_its_style(database: str) -> None:
    async with running(settings_for(database)) as api:
        page = await api.get("/docs", headers={})
        again = await api.get("/docs", headers={"if-none-match": page.headers["etag"]})
        operations = [
            one["operationId"] for path in (await the_document(api))["paths"].values() for one in path.values()
        ]

    html = page.payload.decode()
    assert page.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self';")
    assert again.status == 304
    assert not re.search(r"<script|<style| style=|\son\w+=|src=", html)
    assert re.findall(r'href="((?!#)[^"]*)"', html) == ["/docs.css", "/api/v1/openapi.json"]
    assert [name for name in operations if html.count(f' id="{name}"') != 1] == []


@pytest.mark.parametrize("path", ["/docs", "/docs.css", "/api/v1/openapi.json"])
async def test_the_document_is_compressed_for_who_takes_it(database: str, path: str) -> None:
    async with running(settings_for(database)) as api:
        plain = await api.get(path, headers={})
        packed = await api.get(path, headers={"accept-encoding": "gzip, br"})
        again = await api.get(path, headers={"accept-encoding": "gzip", "if-none-match": packed.headers["etag"]})

    assert gzip.decompress(packed.payload) == plain.payload
    assert len(packed.payload) < len(plain.payload) / 2
    assert ("content-encoding" in plain.headers, packed.headers["content-encoding"]) == (False, "gzip")
    assert (packed.headers["vary"], again.status, again.payload) == ("Accept-Encoding", 304, b"")
