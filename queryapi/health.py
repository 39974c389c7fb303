"""Is the query API alive, ready, and how is everything behind it (SPEC A14, A15, B19, B20)."""

import asyncio

from psycopg import sql
from redis.exceptions import RedisError
from starlette.requests import Request
from starlette.responses import Response

from queryapi.access import authorize
from queryapi.database import Reader, snapshot
from queryapi.endpoint import PRIVATE, Endpoint, Services
from queryapi.rows import Row, whole
from shared.asgi import json_response, metrics_response
from shared.clock import monotonic_seconds
from shared.errors import AppError
from shared.release import release
from sql.statements import read

READY_SECONDS = 2.0
# Beyond these the numbers are behind by more than SPEC R43 allows, or soon will be.
MAX_OLDEST_PENDING_SECONDS = 10.0
# A replica that is further behind shows what is over.
MAX_REPLICA_LAG_SECONDS = 10.0
# Dirty buckets are read from raw events: exact, but slower with each.
MAX_DIRTY_BUCKETS = 20_000
METRICS_SCOPE = "metrics"
_LOOPBACK = frozenset({"127.0.0.1", "::1"})
_PROXY_HEADERS = frozenset({"x-forwarded-for", "forwarded", "x-real-ip"})

Check = dict[str, object]


def health(services: Services) -> Endpoint:
    """The process is alive; nothing is looked at."""
    version = release()

    async def endpoint(_: Request) -> Response:
        return json_response(
            {"status": "healthy", "timestamp": services.clock(), "service": "analytics", "version": version}
        )

    return endpoint


def ready(services: Services) -> Endpoint:
    """Whether reports can be answered now: that needs the database alone."""

    async def endpoint(_: Request) -> Response:
        try:
            await _ping(services)
        except (AppError, TimeoutError):
            return json_response({"status": "not ready", "error": "database connection failed"}, 503)
        return json_response({"status": "ready", "timestamp": services.clock()})

    return endpoint


def metrics(services: Services) -> Endpoint:
    """Metrics for this host itself, and elsewhere for a token with the scope. What came through a proxy
    on this host is not this host's own."""

    async def endpoint(request: Request) -> Response:
        peer = request.client.host if request.client else ""
        if peer not in _LOOPBACK or _PROXY_HEADERS & set(request.headers):
            await authorize(request, services.credentials, METRICS_SCOPE)
        return metrics_response(services.registry)

    return endpoint


def detailed_health(services: Services) -> Endpoint:
    """Everything behind the reports; without a token the statuses alone."""
    version = release()

    async def endpoint(request: Request) -> Response:
        has_token = services.credentials.are_sent(request)
        if has_token:
            await authorize(request, services.credentials)
        checks = {"redis": await _redis(services), **await _database(services), **await _replica(services)}
        statuses = {str(check["status"]) for check in checks.values()}
        is_down = checks["database"]["status"] != "healthy"
        status = "unhealthy" if is_down else "healthy" if statuses <= {"healthy", "not configured"} else "degraded"
        body: Check = {
            "status": status,
            "timestamp": services.clock(),
            "service": "analytics",
            "version": version,
            "checks": checks if has_token else {name: {"status": check["status"]} for name, check in checks.items()},
        }
        if has_token:
            body["uptime_seconds"] = int(monotonic_seconds() - services.started_seconds)
        return json_response(body, 503 if is_down else 200, PRIVATE)

    return endpoint


async def _ping(services: Services) -> Row:
    async with asyncio.timeout(READY_SECONDS), snapshot(services.pool, services.settings) as reader:
        return await reader.row(sql.SQL("SELECT 1 AS one"), {})


async def _redis(services: Services) -> Check:
    if services.redis is None:
        return {"status": "not configured"}
    started = monotonic_seconds()
    try:
        async with asyncio.timeout(READY_SECONDS):
            await services.redis.get(b"registry")
    except (RedisError, OSError, TimeoutError):
        return {"status": "unhealthy"}
    return {"status": "healthy", "latency_ms": _milliseconds_since(started)}


async def _database(services: Services) -> dict[str, Check]:
    started = monotonic_seconds()
    try:
        await _ping(services)
        latency = _milliseconds_since(started)
        async with asyncio.timeout(READY_SECONDS), snapshot(services.pool, services.settings) as reader:
            found = await _state(reader)
    except (AppError, TimeoutError):
        unknown: Check = {"status": "unknown"}
        return {"database": {"status": "unhealthy"}, "stream": unknown, "geoip": unknown, "aggregates": unknown}
    is_flowing = whole(found["workers"]) > 0 and _seconds(found) <= MAX_OLDEST_PENDING_SECONDS
    dirty = whole(found["dirty_buckets"])
    return {
        "database": {"status": "healthy", "latency_ms": latency},
        "stream": {
            "status": "healthy" if is_flowing else "degraded",
            "workers": found["workers"],
            "length": found["stream_length"],
            "lag": found["lag"],
            "pending": found["pending"],
            "oldest_pending_s": found["oldest_pending_seconds"],
            "dead_letter": found["dead_letter"],
        },
        "geoip": {
            "status": "healthy" if found["has_geo"] else "degraded",
            "state": found["geo_status"],
            "build_date": found["geo_built_at"],
        },
        "aggregates": {
            "status": "healthy" if dirty <= MAX_DIRTY_BUCKETS else "degraded",
            "dirty_buckets": dirty,
            "last_refresh": found["refreshed_at"],
            # With nothing to refresh nothing is behind.
            "lag_s": found["refreshed_seconds_ago"] if dirty else 0.0,
        },
    }


async def _replica(services: Services) -> dict[str, Check]:
    """The replica that reports are read from, where there is one; a server that follows nobody is 0 seconds behind."""
    if services.replica is services.pool:
        return {}
    try:
        async with asyncio.timeout(READY_SECONDS), snapshot(services.replica, services.settings) as reader:
            found = await reader.row(sql.SQL(read("reads/replica_lag")), {})
    except (AppError, TimeoutError):
        return {"replica": {"status": "unhealthy"}}
    lag = found["lag_seconds"]
    is_close = isinstance(lag, float) and lag <= MAX_REPLICA_LAG_SECONDS
    return {
        "replica": {
            "status": "healthy" if is_close else "degraded",
            "is_following": found["is_following"],
            "lag_s": lag,
        }
    }


async def _state(reader: Reader) -> Row:
    return await reader.row(sql.SQL(read("reads/health")), {})


def _seconds(found: Row) -> float:
    seconds = found["oldest_pending_seconds"]
    assert isinstance(seconds, float)
    return seconds


def _milliseconds_since(started: float) -> float:
    return round(1000 * (monotonic_seconds() - started), 1)
