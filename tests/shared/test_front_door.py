"""One port for both services."""

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from shared.front_door import FrontDoor


def _service(name: str, paths: tuple[str, ...], ready: int) -> Starlette:
    def answer(request: Request) -> PlainTextResponse:
        return PlainTextResponse(f"{name} {request.url.path}", ready if request.url.path == "/ready" else 200)

    return Starlette(routes=[Route(path, answer, methods=["GET", "POST"]) for path in (*paths, "/health", "/ready")])


async def _get(path: str, gateway_ready: int = 200, query_ready: int = 200) -> tuple[int, str]:
    gateway = _service("gateway", ("/api/v1/analytics/event",), gateway_ready)
    queryapi = _service("queryapi", ("/api/v1/analytics/{website_id}/dashboard",), query_ready)
    transport = httpx.ASGITransport(FrontDoor(gateway, queryapi))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        answer = await client.get(path)
    return answer.status_code, answer.text


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/api/v1/analytics/event", "gateway /api/v1/analytics/event"),
        ("/api/v1/analytics/site/dashboard", "queryapi /api/v1/analytics/site/dashboard"),
        ("/health", "queryapi /health"),
        ("/gateway/health", "gateway /health"),
    ],
)
async def test_each_path_has_its_service(path: str, expected: str) -> None:
    assert await _get(path) == (200, expected)


@pytest.mark.parametrize("path", ["/", "/gateway", "/gateway/api/v1/analytics/event", "/api/v1/analytics/event/"])
async def test_other_paths_are_not_found(path: str) -> None:
    status, _ = await _get(path)

    assert status in {307, 404}


@pytest.mark.parametrize(("gateway", "queryapi", "expected"), [(200, 200, 200), (503, 200, 503), (200, 503, 503)])
async def test_ready_needs_both(gateway: int, queryapi: int, expected: int) -> None:
    status, _ = await _get("/ready", gateway, queryapi)

    assert status == expected
