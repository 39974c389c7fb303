"""Rows of the table of hostile inputs that come in great numbers.

Where the answer is another than the table's, SPEC decided, and it stands beside the case.
"""

from datetime import timedelta
from uuid import uuid4

import pytest

from ingest.parse import MAX_BATCH_EVENTS
from shared.registry import REGISTRY_KEY, Registry, Website, encode_registry
from tests.ingest.gateway import BATCH, NOW, running
from tests.ingest.sending import PAGE
from tests.ingest.test_keys import new_key, publish, with_key

RETENTION_DAYS = 90


@pytest.mark.rule("R56")
@pytest.mark.rule("R62")
async def test_a71_fifty_thousand_websites_that_are_none_leave_nothing(redis_url: str) -> None:
    """The table refuses each event; SPEC drops it on purpose, with a 202 that says so."""
    async with running(redis_url, environ={"ENVIRONMENT": "production"}) as gateway:
        await gateway.redis.set(REGISTRY_KEY, encode_registry(Registry((Website(website_id="site-1"),))))
        await gateway.send(PAGE)
        before = await gateway.redis.dbsize()
        answers = [
            await gateway.send({"events": [PAGE | {"website_id": uuid4().hex} for _ in range(MAX_BATCH_EVENTS)]}, BATCH)
            for _ in range(50)
        ]
        after = await gateway.redis.dbsize()
        stored = await gateway.stored()

    assert {(answer.status_code, answer.headers["x-analytics-dropped"]) for answer in answers} == {
        (202, "unknown_site")
    }
    assert {answer.json()["accepted"] for answer in answers} == {0}
    assert (after, len(stored)) == (before, 1)


@pytest.mark.rule("R58")
async def test_a109_a_key_reaches_as_far_back_as_events_are_kept(redis_url: str) -> None:
    """The table bounds new partitions by their number, `too_many_partitions`; SPEC by the age of an event, so that a
    batch opens no more days than are kept."""
    text, key = new_key()
    events = [PAGE | {"timestamp": (NOW - timedelta(days=days)).isoformat()} for days in range(1000)]
    async with running(redis_url, environ={"RETENTION_DAYS": str(RETENTION_DAYS)}) as gateway:
        await publish(gateway, [key])
        answer = await gateway.send({"events": events}, BATCH, headers=with_key(text))
        days = {event.timestamp.date() for event in await gateway.stored()}

    body = answer.json()
    assert (answer.status_code, body["accepted"], len(days)) == (202, RETENTION_DAYS + 1, RETENTION_DAYS + 1)
    assert {(error["code"], error["field"]) for error in body["errors"]} == {("timestamp_out_of_range", "timestamp")}
