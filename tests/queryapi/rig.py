"""Canonical rows written straight into the table, and the query API asked about them."""

import hashlib
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb
from starlette.types import ASGIApp, Message

from queryapi.app import create_app
from shared.clock import Clock
from shared.settings import Settings, read_settings
from shared.tokens import make_token

SITE = "site-123"
SECRET = "a-secret-for-tests-of-32-bytes-and-more"
DAY = datetime(2026, 3, 2, tzinfo=UTC)
NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Hit:
    """One event. `session` names its session; attributes count on the first event of a session."""

    at: datetime
    visitor: str = "v1"
    session: str = "s1"
    event_type: str = "pageview"
    page: str = "/a"
    website_id: str = SITE
    interactive: bool = True
    is_bot: bool = False
    is_persistent: bool = False
    engaged_ms: int | None = None
    scroll_depth: int | None = None
    title: str | None = None
    properties: Mapping[str, object] | None = None
    attributes: Mapping[str, object] = field(default_factory=dict[str, object])
    # Columns of this event alone.
    own: Mapping[str, object] = field(default_factory=dict[str, object])


def at(clock: str, day: int = 0) -> datetime:
    """A time of 2026-03-02, or of `day` days later."""
    return DAY.replace(hour=int(clock[:2]), minute=int(clock[3:5]), second=int(clock[6:8] or 0)) + timedelta(days=day)


def vector() -> list[Hit]:
    """The site of SPEC section 4.13."""
    google = {"referrer": "https://www.google.co.uk/", "source": "Google", "channel": "Organic Search"}
    return [
        Hit(at=at("10:00:00"), visitor="v1", session="v1a", page="/a", attributes=google),
        Hit(at=at("10:05:00"), visitor="v1", session="v1a", page="/b"),
        Hit(at=at("10:34:59"), visitor="v1", session="v1a", page="/c"),
        Hit(at=at("11:05:00"), visitor="v1", session="v1b", page="/c", event_type="signup"),
        Hit(at=at("10:00:00"), visitor="v2", session="v2", page="/a"),
        Hit(at=at("10:00:16"), visitor="v2", session="v2", page="/a", event_type="engagement", engaged_ms=16_000),
        Hit(at=at("23:50:00"), visitor="v3", session="v3", page="/a"),
        Hit(at=at("00:10:00", 1), visitor="v3-next-day", session="v3", page="/b"),
    ]


def store(database: str, hits: Sequence[Hit], timezone: str = "UTC") -> None:
    """The events as the worker leaves them: stamped with their session, their buckets dirty."""
    first: dict[tuple[str, str], Hit] = {}
    for hit in sorted(hits, key=lambda one: one.at):
        first.setdefault((hit.website_id, hit.session), hit)
    rows = [_row(hit, first[hit.website_id, hit.session], arrival) for arrival, hit in enumerate(hits)]
    with psycopg.connect(database) as connection:
        for day in {hit.at.date() for hit in hits}:
            connection.execute("SELECT ensure_days(%s, %s)", (day, day))
        connection.commit()
        for website_id in {SITE, *(hit.website_id for hit in hits)}:
            connection.execute(
                "INSERT INTO websites (website_id, name, timezone) VALUES (%s, 'test', %s) ON CONFLICT DO NOTHING",
                (website_id, timezone),
            )
        for row in rows:
            connection.execute(
                sql.SQL("INSERT INTO events ({}) VALUES ({})").format(
                    sql.SQL(", ").join(map(sql.Identifier, row)), sql.SQL(", ").join(map(sql.Placeholder, row))
                ),
                row,
            )
        connection.execute(
            "INSERT INTO rollup_dirty (website_id, bucket) SELECT DISTINCT website_id,"
            " date_bin('15 minutes', \"timestamp\", timestamptz '2000-01-01 00:00:00Z') FROM events"
        )


def refresh(database: str) -> None:
    """Roll everything up, so that nothing is dirty."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CALL rollup_refresh()")


def settings_for(database: str, redis_url: str = "", **environ: str) -> Settings:
    return read_settings({"DATABASE_URL": database, "REDIS_URL": redis_url, "JWT_SECRET": SECRET, **environ})


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    payload: bytes

    @property
    def body(self) -> dict[str, Any]:
        decoded: dict[str, Any] = json.loads(self.payload)
        return decoded


@dataclass(frozen=True)
class Api:
    """The running application, asked with an owner's token unless another is given."""

    app: ASGIApp
    token: str
    settings: Settings

    async def get(self, path: str, query: str = "", headers: Mapping[str, str] | None = None) -> Reply:
        sent = {"authorization": f"Bearer {self.token}"} if headers is None else headers
        return await call(self.app, path, query, sent)

    async def read(self, path: str, query: str = "") -> dict[str, Any]:
        """The body of a report that answers."""
        reply = await self.get(f"/api/v1/analytics/{path}", query)
        assert reply.status == 200, reply.payload
        return reply.body


async def call(
    app: ASGIApp, path: str, query: str, headers: Mapping[str, str], method: str = "GET", sent: bytes = b""
) -> Reply:
    """One request to an ASGI application."""
    started: list[Message] = []
    body = b""

    async def receive() -> Message:
        return {"type": "http.request", "body": sent, "more_body": False}

    async def send(message: Message) -> None:
        nonlocal body
        if message["type"] == "http.response.start":
            started.append(message)
        else:
            body += message.get("body", b"")

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "scheme": "http",
        "query_string": query.encode("utf-8", "surrogateescape"),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers.items()],
        "client": ("192.0.2.1", 1),
        "server": ("testserver", 80),
    }
    await app(scope, receive, send)
    return Reply(started[0]["status"], {k.decode(): v.decode() for k, v in started[0]["headers"]}, body)


@asynccontextmanager
async def running(settings: Settings, clock: Clock = lambda: NOW) -> AsyncGenerator[Api]:
    """The query API with its connections open, at a moment of the test's choice."""
    app = create_app(settings, clock)
    async with app.router.lifespan_context(app):
        yield Api(app, make_token(settings, clock, role="owner", websites=None), settings)


def _row(hit: Hit, first: Hit, arrival: int) -> dict[str, object]:
    return {
        "timestamp": hit.at,
        "received_at": hit.at,
        "session_started_at": first.at,
        "visitor_hash": _hash(hit.website_id, hit.visitor),
        "session_hash": _hash(hit.website_id, hit.session),
        "arrival": arrival,
        "engaged_ms": hit.engaged_ms,
        "scroll_depth": hit.scroll_depth,
        "rules_version": 1,
        "interactive": hit.interactive,
        "is_bot": hit.is_bot,
        "is_persistent": hit.is_persistent,
        "id": uuid4(),
        "website_id": hit.website_id,
        "visitor_id": hit.visitor,
        "session_id": hit.session,
        "event_type": hit.event_type,
        "page": hit.page,
        "title": hit.title,
        "properties": None if hit.properties is None else Jsonb(dict(hit.properties)),
        "channel": "Direct",
        "device": "desktop",
        **first.attributes,
        **hit.own,
    }


def _hash(website_id: str, text: str) -> int:
    return int.from_bytes(hashlib.blake2b(f"{website_id}\0{text}".encode(), digest_size=8).digest(), signed=True)
