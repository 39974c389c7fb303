"""The query API inside this process, over websites of random traffic."""

import asyncio
import json
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any
from urllib.parse import urlencode, urljoin

import psycopg

from shared.tokens import make_token
from tests.model.events import Traffic
from tests.model.model import StoredEvent
from tests.model.stored import put_website, write
from tests.queryapi.rig import Api, Reply, call, running, settings_for

Body = dict[str, Any]
Asked = Mapping[str, "str | tuple[str, ...]"]
ROLLUPS = ("clean", "half", "dirty")


class Asker:
    """Writes websites and asks about them; the clock stands where the last question put it."""

    def __init__(self, database: str, **environ: str) -> None:
        self._now = datetime(2026, 1, 1, tzinfo=UTC)
        self._settings = settings_for(database, **environ)
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._connection = psycopg.connect(database, autocommit=True)
        self._names = (f"model-{number}" for number in count())
        self._running: AbstractAsyncContextManager[Api] = running(self._settings, lambda: self._now)
        self._api = self._runner.run(self._running.__aenter__())

    def close(self) -> None:
        self._runner.run(self._running.__aexit__(None, None, None))
        self._connection.close()
        self._runner.close()

    def store(self, traffic: Traffic, events: list[StoredEvent], rollups: str, website_id: str | None = None) -> str:
        """A new website with these events; of a `half` one only the first half is rolled up."""
        website_id = website_id or next(self._names)
        put_website(self._connection, website_id, traffic.zone_name, traffic.engaged_threshold_s)
        rolled_up = {"clean": len(events), "half": len(events) // 2, "dirty": 0}[rollups]
        write(self._connection, website_id, events[:rolled_up])
        if rolled_up:
            self.refresh()
        write(self._connection, website_id, events[rolled_up:])
        return website_id

    def add(self, website_id: str, events: list[StoredEvent]) -> None:
        """More events of a website that was stored."""
        write(self._connection, website_id, events)

    def refresh(self) -> None:
        self._connection.execute("CALL rollup_refresh()")

    def ask(self, path: str, asked: Asked, now: datetime) -> Body:
        """The body of a report that answers, its numbers exact; `path` begins below `/api/v1/analytics/` or with /."""
        self._now = now
        api = replace(self._api, token=make_token(self._settings, lambda: now, role="owner", websites=None))
        reply = self._runner.run(api.get(urljoin("/api/v1/analytics/", path), urlencode(asked, doseq=True)))
        return _body(reply)

    def reply(self, path: str, asked: Asked, now: datetime) -> Reply:
        """What a GET by an owner is answered, whatever it is; `path` begins with /."""
        self._now = now
        api = replace(self._api, token=make_token(self._settings, lambda: now, role="owner", websites=None))
        return self._runner.run(api.get(path, urlencode(asked, doseq=True)))

    def move(self, website_id: str, target: str, form: str, limit: int, now: datetime) -> Body:
        """Take the events of a website into another one of the same zone, page by page; what the last page came to."""
        asked = {"format": form, "limit": str(limit)}
        token = make_token(self._settings, lambda: now, role="owner", websites=None)
        while True:
            page = self.reply(f"/api/v1/websites/{website_id}/export", asked, now)
            assert page.status == 200, page.payload
            headers = {"authorization": f"Bearer {token}", "content-type": page.headers["content-type"]}
            path = f"/api/v1/websites/{target}/import"
            taken = _body(self._runner.run(call(self._api.app, path, "", headers, "POST", page.payload)))
            if "x-next-cursor" not in page.headers:
                return taken
            asked["cursor"] = page.headers["x-next-cursor"]

    def send(self, path: str, sent: Mapping[str, object], now: datetime) -> Body:
        """The body of what answers to a POST of JSON by an owner."""
        self._now = now
        token = make_token(self._settings, lambda: now, role="owner", websites=None)
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        payload = json.dumps(sent).encode()
        return _body(self._runner.run(call(self._api.app, path, "", headers, "POST", payload)))


def _body(reply: Reply) -> Body:
    assert reply.status == 200, reply.payload
    body: Body = json.loads(reply.payload, parse_float=Decimal, parse_int=Decimal)
    return body


@dataclass(frozen=True)
class Site:
    """A website that was written, and what is known of it."""

    website_id: str
    events: list[StoredEvent]
    asker: Asker

    def ask(self, path: str, asked: Asked, now: datetime) -> Body:
        return self.asker.ask(path.format(self.website_id), asked, now)

    def query(self, asked: Mapping[str, object], now: datetime) -> Body:
        """The answer to a free query."""
        return self.asker.send("/api/v2/query", {"website_id": self.website_id, **asked}, now)
