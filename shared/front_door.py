"""Gateway and query API behind one port, told apart by path."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Both services answer these; here they are the query API's, and the gateway's stand below _GATEWAY.
_BOTH = frozenset({"/health", "/ready", "/metrics"})
_GATEWAY = "/gateway"


class FrontDoor:
    """Requests for a path that the gateway routes go to the gateway, all others to the query API.

    `/ready` needs both. `/gateway/health`, `/gateway/ready` and `/gateway/metrics` are the gateway's own.
    """

    def __init__(self, gateway: Starlette, queryapi: Starlette) -> None:
        self._gateway = gateway
        self._queryapi = queryapi
        self._gateway_paths = {route.path for route in gateway.routes if isinstance(route, Route)} - _BOTH
        self._lifespan = Starlette(lifespan=self._run_both)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
            return
        path: str = scope["path"]
        if path in self._gateway_paths or (path == "/ready" and not await _is_ok(self._gateway, scope, receive)):
            await self._gateway(scope, receive, send)
        elif path.removeprefix(_GATEWAY) in _BOTH and path.startswith(_GATEWAY):
            own = path.removeprefix(_GATEWAY)
            await self._gateway({**scope, "path": own, "raw_path": own.encode()}, receive, send)
        else:
            await self._queryapi(scope, receive, send)

    @asynccontextmanager
    async def _run_both(self, _app: Starlette) -> AsyncGenerator[None]:
        gateway, queryapi = self._gateway, self._queryapi
        async with queryapi.router.lifespan_context(queryapi), gateway.router.lifespan_context(gateway):
            yield


async def _is_ok(app: ASGIApp, scope: Scope, receive: Receive) -> bool:
    statuses: list[int] = []

    async def keep_status(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await app(dict(scope), receive, keep_status)
    return statuses == [200]
