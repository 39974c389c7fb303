"""A website of visitors from two countries, and share links of it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
from psycopg.types.json import Jsonb

from tests.queryapi.people import browser, owner
from tests.queryapi.rig import NOW, SITE, Api, Hit, at, store

SHARES = f"/api/v1/websites/{SITE}/shares"
OPEN = "/api/v1/shares/session"
DASHBOARD = f"/api/v1/analytics/dashboard/{SITE}"
GERMANY = {"country": ["DE"]}
RANGE = "from=2026-03-02&to=2026-03-03"
SLOW = {"performance": Jsonb({"lcp": 5000})}


def fill(database: str) -> None:
    """Three visitors and a signup, of two countries."""
    german = {"country": "DE", "browser": "Firefox"}
    austrian = {"country": "AT", "browser": "Chrome", "referrer": "https://www.google.at/", "source": "Google"}
    hits = [
        Hit(at=at("10:00:00"), visitor="v1", session="s1", page="/a", attributes=german),
        Hit(at=at("10:01:00"), visitor="v1", session="s1", page="/b", event_type="signup", attributes=german),
        Hit(at=at("11:00:00"), visitor="v2", session="s2", page="/c", attributes=austrian),
        Hit(at=at("11:01:00"), visitor="v2", session="s2", event_type="performance", attributes=austrian, own=SLOW),
        Hit(at=NOW - timedelta(minutes=1), visitor="v3", session="s3", page="/d", attributes=austrian),
        Hit(at=NOW - timedelta(minutes=2), visitor="v4", session="s4", page="/e", attributes=german),
    ]
    store(database, hits)


async def share(client: httpx.AsyncClient, **fields: object) -> dict[str, Any]:
    answer = await client.post(SHARES, json=fields)
    assert answer.status_code == 201, answer.content
    return answer.json()


async def opened(client: httpx.AsyncClient, link: dict[str, Any], **fields: object) -> dict[str, str]:
    """The headers of the link's read token."""
    answer = await client.post(OPEN, json={"token": link["token"], **fields}, headers={"authorization": ""})
    assert answer.status_code == 200, answer.content
    return {"authorization": f"Bearer {answer.json()['access_token']}"}


@asynccontextmanager
async def client_of(api: Api) -> AsyncGenerator[httpx.AsyncClient]:
    async with browser(api, **owner(api)) as client:
        yield client
