"""The query API as a client that defines funnels sees it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx
import psycopg

from shared.tokens import make_token
from tests.queryapi.rig import NOW, SITE, running, settings_for

FUNNELS = "/api/v1/funnels"
CART_TO_PAID = {
    "website_id": SITE,
    "name": "Checkout",
    "steps": [
        {"name": "Cart", "page": "/cart", "event_type": "pageview", "order": 1},
        {"name": "Paid", "event_type": "purchase", "order": 2, "properties": {"plan": "pro"}},
    ],
}
A_TO_B = {
    "website_id": SITE,
    "name": "A to B",
    "steps": [{"page": "/a", "order": 3}, {"page": "/b", "order": 7}],
    "scope": "session",
}


@asynccontextmanager
async def serving(database: str, **environ: str) -> AsyncGenerator[httpx.AsyncClient]:
    """A client with an owner's token, of every website."""
    async with running(settings_for(database, **environ)) as api:
        transport = httpx.ASGITransport(app=api.app)
        headers = {"authorization": f"Bearer {api.token}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://queryapi", headers=headers) as client:
            yield client


def bearer(database: str, role: str, websites: tuple[str, ...]) -> dict[str, str]:
    return {"authorization": f"Bearer {make_token(settings_for(database), lambda: NOW, role=role, websites=websites)}"}


def register(database: str, website_id: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("INSERT INTO websites (website_id, name) VALUES (%s, 'test')", (website_id,))
