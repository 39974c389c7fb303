"""No body and no header makes the gateway fail, or costs a good event (RELIABILITY G8, G9)."""

import json
from contextlib import suppress

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.parse import parse_batch, parse_single
from shared.errors import AppError
from tests.ingest.gateway import BATCH, EVENT, TRACK, running
from tests.ingest.hostile_cases import CASES, GOOD, Case


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
async def test_hostile_request_is_answered_as_the_table_says(redis_url: str, case: Case) -> None:
    path = BATCH if case.is_batch else EVENT
    async with running(redis_url) as gateway:
        headers = [(name.encode(), value.encode("latin-1")) for name, value in case.headers.items()]
        answer = await gateway.client.post(path, content=case.body, headers=headers)
        stored = await gateway.stored()
        after = await gateway.send(GOOD)

        assert answer.status_code == case.status, answer.text
        assert answer.json().get("code") == case.code
        assert tuple(error["code"] for error in answer.json().get("errors", ())) == case.errors
        if case.status != 202:
            assert stored == []
        for name, value in case.stored.items():
            found = getattr(stored[0], name)
            assert (json.loads(bytes(found)) if isinstance(found, msgspec.Raw) else found) == value
        assert after.status_code == 202


async def test_every_refusal_has_the_one_error_shape(redis_url: str) -> None:
    async with running(redis_url) as gateway:
        for path in (EVENT, TRACK):
            answer = await gateway.client.post(path, content=b"{")
            assert answer.json().keys() == {"error", "code", "details", "request_id"}


async def test_a_body_full_of_keys_is_answered_in_few_words(redis_url: str) -> None:
    async with running(redis_url) as gateway:
        event = GOOD | {"properties": {f"{key}{'k' * 200}": {"a": key} for key in range(4000)}}
        answer = await gateway.send({"events": [event]}, BATCH)

        assert answer.json()["accepted"] == 1
        assert len(answer.json()["warnings"]) < 60


async def test_no_parameter_is_looked_for_where_no_server_takes_one(redis_url: str) -> None:
    async with running(redis_url) as gateway:
        await gateway.send(GOOD | {"page": "/a?utm_source=x&" + "y" * 9000 + "&utm_medium=z"})

        assert [event.query for event in await gateway.stored()] == ["utm_source=x"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
FIELDS = st.sampled_from("website_id page url id timestamp properties revenue events performance".split())
EVENTS = st.dictionaries(FIELDS, JSON)


@settings(max_examples=300, deadline=None)
@given(st.binary() | (JSON | EVENTS).map(json.dumps).map(str.encode))
def test_parsing_never_fails_in_a_way_of_its_own(body: bytes) -> None:
    with suppress(AppError):
        parse_batch(body)

    assert len(parse_single(body).events) == 1


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fields=EVENTS)
async def test_arbitrary_event_never_gets_a_5xx(redis_url: str, fields: dict[str, object]) -> None:
    async with running(redis_url) as gateway:
        answer = await gateway.client.post(EVENT, content=json.dumps(GOOD | fields).encode())

        assert answer.status_code in {202, 400, 413}
