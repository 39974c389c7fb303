"""An API key from its making to its end, through the whole product (SPEC N2)."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from shared.clock import utc_now
from tests.flow.pipeline import Answer, Pipeline, wait_until


@pytest.fixture
def production(database: str, redis_url: str, tmp_path: Path) -> Iterator[Pipeline]:
    """The product as it is deployed: what a sender without a key says of itself counts for nothing."""
    running = Pipeline(database, redis_url, tmp_path, {"ENVIRONMENT": "production"})
    try:
        running.start_all()
        yield running
    finally:
        running.stop()


def is_known_as_used(product: Pipeline) -> bool:
    return product.read("websites/shop/keys").body["data"][0]["last_used_at"] is not None


@pytest.mark.rule("N1")
@pytest.mark.rule("N2")
@pytest.mark.rule("R14")
@pytest.mark.rule("R58")
def test_a_server_sends_for_its_visitors_until_its_key_is_revoked(production: Pipeline) -> None:
    long_ago = utc_now() - timedelta(days=30)
    assert production.call("POST", "websites", {"id": "shop", "name": "Shop"}).status == 201
    made = production.call("POST", "websites/shop/keys", {"scopes": ["ingest"]}).body
    visits = [
        {"website_id": "shop", "page": "/thanks", "timestamp": long_ago.isoformat(), "ip_address": address}
        for address in ("81.2.69.142", "89.160.20.112")
    ]

    def send() -> Answer:
        return production.send(visits, {"Authorization": f"Bearer {made['key']}"})

    sent = send()
    production.wait_consumed()
    day = long_ago.date()
    metrics = production.read("analytics/dashboard/shop", query=f"from={day}&to={day}").body["metrics"]
    wait_until(lambda: is_known_as_used(production), "the last use of the key")
    revoked = production.call("DELETE", f"websites/shop/keys/{made['id']}")
    wait_until(lambda: send().status == 401, "a revoked key to be refused", seconds=5)

    assert (sent.status, sent.body["accepted"], sent.body["warnings"]) == (202, 2, [])
    # Two addresses behind one agent are two visitors.
    assert (metrics["page_views"], metrics["unique_visitors"]) == (2, 2)
    assert revoked.status == 204
