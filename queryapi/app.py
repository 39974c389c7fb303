"""The query API as a Starlette application."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from prometheus_client import CollectorRegistry
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from queryapi.access import Credentials
from queryapi.announce import announce_setup
from queryapi.answers import Answers
from queryapi.attempts import Attempts
from queryapi.browser import Browser
from queryapi.database import make_pool
from queryapi.derived_key import derived_key
from queryapi.drops import keep_drops
from queryapi.endpoint import Services
from queryapi.gate import Gate
from queryapi.hashing import Hashing
from queryapi.hosts import AllowedHosts
from queryapi.key_ring import KeyRing
from queryapi.live import Live, Pace
from queryapi.memory import Memory
from queryapi.redis_answers import RedisAnswers
from queryapi.routes import make_routes
from queryapi.share_tokens import ShareTokens
from queryapi.sites import Publication
from queryapi.user_sessions import UserSessions
from shared.asgi import Requests, handle_http_exception
from shared.clock import Clock, monotonic_seconds
from shared.jobs import stop_jobs
from shared.settings import Settings
from shared.tokens import TokenVerifier

REDIS_SECONDS = 2.0


def create_app(
    settings: Settings,
    clock: Clock,
    registry: CollectorRegistry | None = None,
    *,
    announces_setup: bool = False,
    pace: Pace | None = None,
) -> Starlette:
    """The query API; its lifespan opens and closes the connections, and starts although neither the
    database nor Redis is there. Raises SettingError when the key is not fit to check tokens with."""
    registry = registry or CollectorRegistry()
    pool = make_pool(settings, settings.database_url)
    replica = make_pool(settings, settings.database_replica_url) if settings.database_replica_url else pool
    redis = _redis(settings.redis_url) if settings.redis_url else None
    publication = redis and Publication(pool, redis, settings, clock)
    cache = _redis(settings.cache_redis_url) if settings.cache_redis_url else None
    shared = cache and RedisAnswers(cache, derived_key(settings, b"cache"), settings.cache_bytes, registry)
    keys = KeyRing(pool, settings, clock)
    services = Services(
        settings=settings,
        pool=pool,
        replica=replica,
        redis=redis,
        publication=publication,
        clock=clock,
        credentials=Credentials(
            TokenVerifier(settings, clock),
            keys,
            UserSessions(pool, settings, clock),
            Browser(settings),
            ShareTokens(pool, settings, clock),
            clock,
        ),
        attempts=Attempts(),
        hashing=Hashing(registry),
        registry=registry,
        answers=Answers(Memory(settings.cache_bytes), shared, registry),
        gate=Gate(settings.max_reports_per_token, settings.db_connection_timeout_seconds, registry),
        live=Live(pace or Pace(), registry),
        started_seconds=monotonic_seconds(),
    )

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        for each in {pool, replica}:
            await each.open(wait=False)
        jobs = [asyncio.create_task(keys.keep_use(redis))]
        if publication is not None:
            jobs.append(asyncio.create_task(publication.keep()))
        if redis is not None:
            jobs.append(asyncio.create_task(keep_drops(pool, redis, settings, clock)))
        if announces_setup:
            jobs.append(asyncio.create_task(announce_setup(pool, settings, clock)))
        try:
            yield
        finally:
            await stop_jobs(jobs)
            for each in {pool, replica}:
                await each.close()
            for client in (redis, cache):
                if client is not None:
                    await client.aclose()

    middleware = [Middleware(Requests, registry=registry)]
    if settings.allowed_hosts:
        middleware.append(Middleware(AllowedHosts, names=settings.allowed_hosts))
    if settings.cors_origins:
        middleware.append(
            Middleware(
                CORSMiddleware, allow_origins=settings.cors_origins, allow_headers=["authorization"], max_age=86_400
            )
        )
    app = Starlette(
        routes=make_routes(services),
        middleware=middleware,
        exception_handlers={HTTPException: handle_http_exception},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    return app


def _redis(url: str) -> Redis:
    return Redis.from_url(
        url, socket_timeout=REDIS_SECONDS, socket_connect_timeout=REDIS_SECONDS, retry=Retry(NoBackoff(), 0)
    )
