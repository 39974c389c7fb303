"""A gateway of the test's own: the real application, or the real process, on a real Redis."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
from redis.asyncio import Redis

from ingest.app import create_app
from ingest.connection import connect
from shared.event import Envelope, Event, decode_envelope
from shared.settings import read_settings
from shared.stream import stream_key
from tests.flow.pipeline import free_port, listens, wait_until

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
EVENT = "/api/v1/analytics/event"
BATCH = "/api/v1/analytics/event/batch"
TRACK = "/api/v1/events/track"
PARTITIONS = 4
SECRET = "a-test-secret-of-more-than-32-bytes-0123456789"


class HeldClock:
    """A clock that stands until the test moves it."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@dataclass
class RunningGateway:
    """The application on a held clock. `client` sends from 198.51.100.7."""

    client: httpx.AsyncClient
    redis: Redis
    clock: HeldClock
    environ: dict[str, str]

    async def send(self, body: object, path: str = EVENT, **options: object) -> httpx.Response:
        return await self.client.post(path, json=body, **options)  # pyright: ignore[reportArgumentType] -- httpx's own options

    async def stored(self) -> list[Event]:
        return [event for envelope in await self.envelopes() for event in envelope.events]

    async def envelopes(self) -> list[Envelope]:
        return [decode_envelope(payload) for _, payload in await stream_payloads(self.redis)]


async def stream_payloads(redis: Redis) -> list[tuple[int, bytes]]:
    """(partition, payload) of everything in the streams, in order within a partition."""
    found: list[tuple[int, bytes]] = []
    for partition in range(PARTITIONS):
        for _, fields in await redis.xrange(stream_key(partition)) or ():
            assert fields is not None
            found += [(partition, payload) for payload in fields.values() if isinstance(payload, bytes)]
    return found


@asynccontextmanager
async def running(
    redis_url: str,
    *,
    peer: str = "198.51.100.7",
    clock: HeldClock | None = None,
    environ: Mapping[str, str] | None = None,
) -> AsyncGenerator[RunningGateway]:
    """The application with `environ` over settings that do not get in a test's way."""
    clock = clock or HeldClock()
    filled = {
        "STREAM_PARTITIONS": str(PARTITIONS),
        "JWT_SECRET": SECRET,
        "RATE_LIMIT_PER_CLIENT": "1000000",
        "RATE_LIMIT_PER_SITE": "1000000",
        **(environ or {}),
    }
    async with connect(redis_url) as redis:
        app = create_app(read_settings(filled), redis, clock)
        transport = httpx.ASGITransport(app=app, client=(peer, 50_000))
        headers = {"user-agent": "Test/1"}
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://gateway", headers=headers) as client,
        ):
            yield RunningGateway(client, redis, clock, filled)


@contextmanager
def gateway_process(redis_url: str, **settings: str) -> Generator[tuple[subprocess.Popen[bytes], int]]:
    """`python -m ingest` on a free port, answering."""
    port = free_port()
    environ = os.environ | {
        "REDIS_URL": redis_url,
        "INGEST_PORT": str(port),
        "STREAM_PARTITIONS": str(PARTITIONS),
        "RATE_LIMIT_PER_CLIENT": "1000000",
        "RATE_LIMIT_PER_SITE": "1000000",
        "LOG_LEVEL": "error",
        **settings,
    }
    process = subprocess.Popen([sys.executable, "-m", "ingest"], env=environ, stderr=subprocess.PIPE)
    try:
        wait_until(lambda: listens(port), f"port {port}", every_seconds=0.02)
        yield process, port
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.communicate(timeout=15)
