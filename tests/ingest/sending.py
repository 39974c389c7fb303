"""What the tests of rules send, and with what rights."""

from datetime import timedelta

from shared.event import Event
from shared.registry import REGISTRY_KEY, Registry, Website, encode_registry
from shared.settings import read_settings
from shared.tokens import make_token
from tests.ingest.gateway import RunningGateway

PAGE = {"website_id": "site-1", "page": "/a"}
CHROME = "Mozilla/5.0 Chrome/126"


async def one(gateway: RunningGateway, headers: dict[str, str] | None = None, **fields: object) -> Event:
    """The event stored for one that is sent."""
    before = len(await gateway.stored())
    answer = await gateway.send(PAGE | fields, headers=headers or {})
    assert answer.status_code == 202, answer.text
    events = {event.id: event for event in await gateway.stored()}
    assert len(events) <= before + 1
    return next(event for event in events.values() if str(event.id) == answer.json()["id"])


def bearer(gateway: RunningGateway, role: str = "owner", websites: tuple[str, ...] | None = None) -> dict[str, str]:
    token = make_token(read_settings(gateway.environ), gateway.clock, role=role, websites=websites)
    return {"authorization": f"Bearer {token}"}


async def register(gateway: RunningGateway, *websites: Website) -> None:
    """What the query API writes; the gateway looks again because its clock has moved."""
    await gateway.redis.set(REGISTRY_KEY, encode_registry(Registry(websites)))
    gateway.clock.now += timedelta(seconds=2)
    await gateway.send(PAGE | {"website_id": "not-there"})
