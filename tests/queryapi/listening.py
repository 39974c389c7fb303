"""Clients that listen to the live view of the real application."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from starlette.types import ASGIApp, Message

from queryapi.app import create_app
from queryapi.live import Pace
from shared.tokens import make_token
from tests.queryapi.rig import NOW, SITE, Api, Hit, settings_for

LIVE = f"/api/v1/analytics/{SITE}/live"
REALTIME = f"/api/v1/analytics/{SITE}/realtime"
QUICK = Pace(look_seconds=0.02, silence_seconds=0.02, belief_seconds=0.02)
WAIT_SECONDS = 10
VIEWED = timedelta(minutes=1)


def hit(name: str, country: str = "DE") -> Hit:
    return Hit(at=NOW - VIEWED, visitor=name, session=name, page=f"/{name}", attributes={"country": country})


@dataclass
class Stream:
    """What a client hears of one request; it reads nothing while `reads` is clear."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict[str, str])
    heard: list[bytes] = field(default_factory=list[bytes])
    is_over: bool = False
    reads: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    state: dict[str, object] = field(default_factory=dict[str, object])
    more: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(chunk.removeprefix(b"data: ")) for chunk in self.heard if chunk.startswith(b"data: ")]

    @property
    def heartbeats(self) -> int:
        return sum(chunk == b": \n\n" for chunk in self.heard)

    @property
    def current(self) -> list[int]:
        return [event["current_visitors"] for event in self.events]

    async def until(self, condition: str, least: int = 1) -> None:
        """Return once there are as many `events` or `heartbeats`, or the stream `is_over`."""
        async with asyncio.timeout(WAIT_SECONDS), self.more:
            await self.more.wait_for(lambda: self._count(condition) >= least)

    def _count(self, condition: str) -> int:
        return {"events": len(self.events), "heartbeats": self.heartbeats, "is_over": int(self.is_over)}[condition]

    async def receive(self) -> Message:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        await self.reads.wait()
        async with self.more:
            if message["type"] == "http.response.start":
                self.status = message["status"]
                self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            else:
                self.heard.append(message.get("body", b""))
                self.is_over = not message.get("more_body", False)
            self.more.notify_all()


@asynccontextmanager
async def listening(
    app: ASGIApp, headers: Mapping[str, str], query: str = "", method: str = "GET"
) -> AsyncGenerator[Stream]:
    """A client that listens to the live view and goes away at the end."""
    stream = Stream()
    stream.reads.set()
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "path": LIVE,
        "raw_path": LIVE.encode(), "root_path": "", "scheme": "http", "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()], "client": ("192.0.2.1", 1),
        "server": ("queryapi", 80), "state": stream.state,
    }  # fmt: skip

    async def answer() -> None:
        await app(scope, stream.receive, stream.send)

    answering = asyncio.create_task(answer())
    try:
        yield stream
        stream.gone.set()
        stream.reads.set()
        async with asyncio.timeout(WAIT_SECONDS):
            await answering
    finally:
        answering.cancel()


@asynccontextmanager
async def serving(
    database: str, pace: Pace = QUICK, moments: Sequence[datetime] = (NOW,), **environ: str
) -> AsyncGenerator[Api]:
    """The query API at the last of `moments`, looking often."""
    settings = settings_for(database, **environ)
    app = create_app(settings, lambda: moments[-1], pace=pace)
    async with app.router.lifespan_context(app):
        yield Api(app, make_token(settings, lambda: NOW, role="owner", websites=None), settings)
