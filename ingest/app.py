"""The gateway as a Starlette application."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta

from prometheus_client import CollectorRegistry
from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.routing import Route

from ingest.backlog import Backlog
from ingest.client import Senders
from ingest.cluster import Follower
from ingest.dropped import DropCounts
from ingest.gateway import Gateway
from ingest.identity import Naming
from ingest.lane import Lane
from ingest.limits import Buckets
from ingest.metrics import IngestMetrics
from ingest.publish import Publisher
from ingest.routes import IngestRoute
from ingest.salts import SaltBook
from ingest.sites import Sites
from ingest.status import Status
from ingest.tracker import tracker_routes
from ingest.turnstile import Turnstile
from shared.asgi import Requests, handle_http_exception
from shared.clock import Clock
from shared.jobs import stop_jobs
from shared.settings import Settings
from shared.tokens import TokenVerifier

METHODS = frozenset({"POST", "OPTIONS"})


def create_app(settings: Settings, redis: Redis, clock: Clock, registry: CollectorRegistry | None = None) -> Starlette:
    """The gateway. `redis` must be a client of `ingest.connection.connect`; it is not closed here. It holds the
    streams too, unless they are on a cluster.
    Raises SettingError when a key is configured that is not fit for use."""
    registry = registry or CollectorRegistry()
    metrics = IngestMetrics(registry)
    partitions = range(settings.stream_partitions)
    follower = Follower(settings.stream_cluster, partitions, metrics) if settings.stream_cluster else None
    lanes = follower.lanes if follower else [Lane(redis.connection_pool, metrics)]
    lane_of = follower.lane_of if follower else dict.fromkeys(partitions, lanes[0])
    publisher = Publisher(lane_of, lanes, metrics, settings.max_pending_bytes)
    backlog = Backlog(follower.routes if follower else {redis: partitions}, publisher, metrics, settings)
    salts = SaltBook(redis, clock)
    sites = Sites(redis, clock, accepts_any=settings.allow_unregistered_sites)
    drops = DropCounts(redis)
    has_key = bool(settings.jwt_secret or settings.jwt_public_key)
    verifier = TokenVerifier(settings, clock) if has_key or not settings.is_development else None
    senders = Senders(settings, verifier, sites, clock)
    gateway = Gateway(
        clock=clock,
        retention=timedelta(days=settings.retention_days),
        sites=sites,
        naming=Naming(redis, salts, settings.stream_partitions),
        publisher=publisher,
        per_client=Buckets(settings.rate_limit_per_client),
        per_site=Buckets(settings.rate_limit_per_site),
        metrics=metrics,
        drops=drops,
    )
    status = Status(redis, clock, backlog, registry, verifier)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        await sites.refresh()
        beside = [backlog.run, sites.keep_fresh, salts.keep_ahead, drops.keep_telling]
        if follower:
            await follower.follow()
            beside.append(follower.run)
        else:
            beside += [lane.run for lane in lanes]
        jobs = [asyncio.create_task(job()) for job in beside]
        yield
        # Every request has had its answer by now: nothing waits for these any more.
        await stop_jobs([*jobs, *(follower.jobs if follower else ())])

    turnstile = Turnstile()
    single = IngestRoute(gateway, senders, turnstile, accepts_single=True, accepts_batch=False)
    batch = IngestRoute(gateway, senders, turnstile, accepts_single=False, accepts_batch=True)
    either = IngestRoute(gateway, senders, turnstile, accepts_single=True, accepts_batch=True)
    endpoints = {
        "/api/v1/analytics/event": single,
        "/api/v1/analytics/event/batch": batch,
        "/api/v1/events/track": either,
    }
    app = Starlette(
        routes=[
            *(Route(path, endpoint, methods=sorted(METHODS)) for path, endpoint in endpoints.items()),
            *tracker_routes(gateway, senders),
            Route("/health", status.health),
            Route("/ready", status.ready),
            Route("/metrics", status.metrics),
        ],
        lifespan=lifespan,
    )
    # Outermost, without the layer that Starlette puts around it: this one answers every exception itself.
    app.middleware_stack = Requests(
        ExceptionMiddleware(app.router, {HTTPException: handle_http_exception}),
        registry,
        {path: (METHODS, endpoint) for path, endpoint in endpoints.items()},
    )
    app.router.redirect_slashes = False
    return app
