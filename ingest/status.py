"""Is the gateway alive, ready, and how is it doing (SPEC A14, B19, B20)."""

import asyncio

from prometheus_client import CollectorRegistry
from redis.asyncio import Redis
from redis.exceptions import RedisError
from starlette.requests import Request
from starlette.responses import Response

from ingest.backlog import Backlog
from shared.asgi import json_response, metrics_response
from shared.clock import Clock
from shared.errors import AppError
from shared.release import release
from shared.tokens import TokenVerifier

READY_SECONDS = 1.0
METRICS_SCOPE = "metrics"
_LOOPBACK = frozenset({"127.0.0.1", "::1"})


class Status:
    """The three routes that tell of the gateway itself."""

    def __init__(
        self,
        redis: Redis,
        clock: Clock,
        backlog: Backlog,
        registry: CollectorRegistry,
        verifier: TokenVerifier | None,
    ) -> None:
        self._redis = redis
        self._clock = clock
        self._backlog = backlog
        self._registry = registry
        self._verifier = verifier
        self._version = release()

    async def health(self, _: Request) -> Response:
        """The process is alive. `durability` is what a 202 is worth (RELIABILITY 2.1)."""
        return json_response(
            {
                "status": "healthy",
                "timestamp": self._clock(),
                "service": "analytics",
                "version": self._version,
                "durability": self._backlog.durability,
            }
        )

    async def ready(self, _: Request) -> Response:
        """Whether events can be taken now: that needs Redis, of a cluster beside it one node at least, and never the
        database."""
        try:
            async with asyncio.timeout(READY_SECONDS):
                await self._redis.ping()
        except (RedisError, OSError, TimeoutError):
            return json_response({"status": "not ready", "error": "redis connection failed"}, 503)
        if not self._backlog.is_reachable:
            return json_response({"status": "not ready", "error": "streams do not answer"}, 503)
        if self._backlog.closed_because is not None:
            return json_response({"status": "not ready", "error": self._backlog.closed_because}, 503)
        return json_response({"status": "ready", "timestamp": self._clock()})

    async def metrics(self, request: Request) -> Response:
        """Metrics for this host itself, and elsewhere for a token with the scope; raises AppError.

        A request that came through a proxy on this host is not this host's own."""
        peer = request.client.host if request.client else ""
        is_local = peer in _LOOPBACK and not {"x-forwarded-for", "forwarded", "x-real-ip"} & set(request.headers)
        if not is_local:
            if self._verifier is None:
                raise AppError(403, "forbidden", "metrics: only for this host")
            principal = self._verifier.verify(request.headers.get("authorization"))
            if METRICS_SCOPE not in principal.scopes:
                raise AppError(403, "forbidden", f"token: the scope {METRICS_SCOPE} is required")
        return metrics_response(self._registry)
