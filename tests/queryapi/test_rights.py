"""Every route, asked by everybody who may not: who has no right to it is refused in the one shape, and told nothing."""

import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import psycopg
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from queryapi.routes import REPORTS
from shared.tokens import ROLE_SCOPES
from tests.queryapi.funnel_client import CART_TO_PAID, bearer, register
from tests.queryapi.people import open_installation
from tests.queryapi.rig import SITE, store, vector
from tests.queryapi.sharing import client_of

THEIRS = "their-site"
# What a request needs, by the first line that fits it; what is for everybody has None.
NEEDED: tuple[tuple[str, str, str | None], ...] = (
    (r".*", r"/|/share/.*|/assets/.*|/health|/ready|/docs.*|/api/v1/openapi.json", None),
    (r".*", r"/metrics", "metrics"),
    # Statuses without a token; signing in and out is where rights come from.
    (r".*", r"/api/v1/analytics/health|/api/v1/setup|/api/v1/session.*|/api/v1/shares/session", None),
    (r".*", r"/api/v1/users.*", "manage"),
    (r".*", r"/api/v1/websites/[^/]*/(keys|shares|visitors|purge|export|import)\b.*", "manage"),
    (r"POST|PUT|DELETE", r"/api/v1/websites(/[^/]*)?", "manage"),
    (r"GET", r"/api/v1/events/[^/]*/recent|/api/v1/analytics/[^/]*/sessions", "events:read"),
    (r"POST|PUT|DELETE", r"/api/v1/(funnels|websites/[^/]*/(goals|segments|annotations)).*", "funnels:write"),
    (r"GET", r"/api/v1/(analytics|events|websites|funnels)\b.*", "stats:read"),
    (r"POST", r"/api/v2/query", "stats:read"),
)
# One key of each kind, and what each can do.
KEYS = (("stats:read",), ("events:read",), ("funnels:write",), ("ingest",), ("ingest", "ingest:import"))
# It has no end; tests/queryapi/test_live_access.py has who may see it.
ENDLESS = "/api/v1/analytics/{website_id}/live"
_GOAL = {"name": "Bought", "event_type": "purchase"}
_SEGMENT = {"name": "Germans", "filters": [["is", "country", ["DE"]]]}
_ANNOTATION = {"at": "2026-03-02T10:00:00Z", "text": "Moved"}
SENT: dict[str, dict[str, Any]] = {
    "/api/v1/funnels": CART_TO_PAID,
    "/api/v1/funnels/{id}": CART_TO_PAID,
    "/api/v1/websites/{website_id}/goals": _GOAL,
    "/api/v1/websites/{website_id}/goals/{goal_id}": _GOAL,
    "/api/v1/websites/{website_id}/segments": _SEGMENT,
    "/api/v1/websites/{website_id}/segments/{segment_id}": _SEGMENT,
    "/api/v1/websites/{website_id}/annotations": _ANNOTATION,
    "/api/v1/websites/{website_id}/annotations/{annotation_id}": _ANNOTATION,
    "/api/v1/websites/{website_id}/keys": {"scopes": ["stats:read"]},
    "/api/v1/websites/{website_id}/purge": {"from": "2026-03-02", "to": "2026-03-02"},
    "/api/v2/query": {"website_id": SITE, "metrics": ["page_views"], "date_range": "7d"},
}


@pytest.fixture
def website(database: str) -> str:
    store(database, vector())
    register(database, THEIRS)
    return database


def needed(method: str, path: str) -> str | None:
    """The scope that a request needs."""
    return next(
        scope for methods, paths, scope in NEEDED if re.fullmatch(methods, method) and re.fullmatch(paths, path)
    )


def guarded(app: object) -> Iterator[tuple[str, str, str]]:
    """Every method and path that needs a scope, and the scope."""
    assert isinstance(app, Starlette)
    for route in app.routes:
        assert isinstance(route, Route)
        for method in sorted((route.methods or {"GET"}) - {"HEAD"}):
            scope = needed(method, route.path)
            if scope is not None:
                yield method, route.path, scope


async def ask(
    client: httpx.AsyncClient, method: str, path: str, headers: dict[str, str], website_id: str = SITE
) -> httpx.Response:
    """The request with a body that fits, to things that are not there but for the website and its one funnel."""
    funnel_id = client.headers["x-funnel"]
    url = path.replace("{website_id}", website_id).replace("{id}", funnel_id)
    url = re.sub(r"\{\w+(:path)?\}", "0" * 32, url)
    sent = {**SENT.get(path, {})}
    if "website_id" in sent:
        sent["website_id"] = website_id
    # Behind a proxy nobody is this host itself.
    far = {"x-forwarded-for": "192.0.2.1", **headers}
    return await client.request(method, url, json=None if method == "GET" else sent, headers=far)


@pytest.fixture
async def installation(website: str) -> AsyncIterator[tuple[httpx.AsyncClient, object]]:
    """An owner's client, whose header names a funnel of the website; and the application."""
    async with open_installation(website) as api, client_of(api) as client:
        client.headers["x-funnel"] = (await client.post("/api/v1/funnels", json=CART_TO_PAID)).json()["id"]
        yield client, api.app


@pytest.mark.rule("R63")
@pytest.mark.rule("R68")
async def test_who_lacks_the_scope_is_refused_everywhere(
    website: str, installation: tuple[httpx.AsyncClient, object]
) -> None:
    client, app = installation
    holders = {role: (bearer(website, role, (SITE,)), scopes) for role, scopes in ROLE_SCOPES.items()}
    for scopes in KEYS:
        made = await client.post(f"/api/v1/websites/{SITE}/keys", json={"scopes": scopes})
        holders[" ".join(scopes)] = {"authorization": f"Bearer {made.json()['key']}"}, frozenset(scopes)
    wrong: list[str] = []
    count = 0
    for method, path, scope in guarded(app):
        for name, (headers, scopes) in holders.items():
            if path.startswith("/api/v1/users") or scope not in scopes:
                answer = await ask(client, method, path, headers)
                count += 1
                if not _is_refusal(answer, 403, "forbidden"):
                    wrong.append(f"{name}: {method} {path}: {answer.status_code} {answer.text[:100]}")
            elif method == "GET" and path != ENDLESS:
                answer = await ask(client, method, path, headers)
                count += 1
                if answer.status_code in {401, 403}:
                    wrong.append(f"{name}: {method} {path}: has the scope and is refused: {answer.text[:100]}")

    assert wrong == []
    assert count > 300


@pytest.mark.rule("R63")
@pytest.mark.rule("G17")
async def test_who_has_no_token_or_a_wrong_one_is_refused_everywhere(
    website: str, installation: tuple[httpx.AsyncClient, object]
) -> None:
    client, app = installation
    wrong: list[str] = []
    for is_public in (False, True):
        with psycopg.connect(website) as connection:
            connection.execute("UPDATE websites SET is_public = %s", (is_public,))
        shown = {ENDLESS, "/api/v2/query", "/api/v1/events/{website_id}/custom-events"} if is_public else set[str]()
        shown |= {path for path, report in REPORTS if is_public and report.is_shareable}
        for method, path, _ in guarded(app):
            texts = (
                ("Bearer x", "Bearer ak_0", f"Bearer {'a.' * 3}") if path in shown else ("", "Bearer x", "Basic eDp5")
            )
            for text in texts:
                answer = await ask(client, method, path, {"authorization": text})
                code = "invalid_token" if text.startswith("Bearer") else "unauthorized"
                if not _is_refusal(answer, 401, code) or not answer.headers["www-authenticate"].startswith("Bearer"):
                    wrong.append(f"{text!r}: {method} {path}: {answer.status_code} {answer.text[:100]}")

    assert wrong == []


@pytest.mark.rule("R63")
@pytest.mark.rule("G17")
async def test_a_website_of_somebody_else_is_one_that_is_not_there(
    website: str, installation: tuple[httpx.AsyncClient, object]
) -> None:
    """To owners and to keys alike, whatever they ask of it."""
    client, app = installation
    made = await client.post(f"/api/v1/websites/{THEIRS}/keys", json={"scopes": ["stats:read", "events:read"]})
    owner, key = bearer(website, "owner", (THEIRS,)), {"authorization": f"Bearer {made.json()['key']}"}
    wrong: list[str] = []
    for method, path, scope in guarded(app):
        if "{website_id}" not in path and "/funnels" not in path and path not in SENT:
            continue
        # What it sends is no JSON.
        if path.endswith("/import"):
            continue
        for headers in (owner, key) if scope in {"stats:read", "events:read"} else (owner,):
            theirs, nobodys = [
                await ask(client, method, path, headers, website_id) for website_id in (SITE, "not-registered")
            ]
            told = [{**answer.json(), "request_id": None} for answer in (theirs, nobodys)]
            if (theirs.status_code, nobodys.status_code) != (404, 404) or told[0] != told[1]:
                wrong.append(f"{method} {path}: {theirs.status_code} {told[0]} {nobodys.status_code} {told[1]}")
    listed = (await client.get("/api/v1/websites", headers=owner)).json()["data"]

    assert wrong == []
    assert [one["id"] for one in listed] == [THEIRS]


async def test_the_document_names_the_scopes_that_are_needed(
    installation: tuple[httpx.AsyncClient, object],
) -> None:
    client, app = installation
    document = (await client.get("/api/v1/openapi.json")).json()
    said: dict[str, str | None] = {}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            scopes = [scope for way in operation["security"] for scope in way.get("token", ())]
            said[f"{method.upper()} {path}"] = scopes[0] if scopes else None

    wanted = {f"{method} {path.replace(':path', '')}": scope for method, path, scope in guarded(app)}
    assert {name: said.get(name) for name in wanted if name in said} == {
        name: scope for name, scope in wanted.items() if name in said
    }
    assert len(wanted.keys() & said.keys()) > 60


def _is_refusal(answer: httpx.Response, status: int, code: str) -> bool:
    """An error of the one shape, and nothing else."""
    if answer.status_code != status or answer.headers["content-type"] != "application/json":
        return False
    body = answer.json()
    return body.keys() == {"error", "code", "details", "request_id"} and body["code"] == code
