"""JSON deeper than Python's own limit, which differs by version, is read as far as it counts."""

import json
from typing import TypeAlias

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.nesting import MAX_NESTING, shallow
from tests.ingest.gateway import BATCH, TRACK, running
from tests.ingest.hostile_cases import GOOD

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | None"
DEEPEST = 100_000
DEEP = msgspec.Raw(b"[" * DEEPEST + b"]" * DEEPEST)
SCALARS = st.none() | st.integers() | st.text(st.sampled_from('ab"\\[]{},:é'))
# Beside, around and inside of what is nested.
SMALL = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2))


@st.composite
def deep_json(draw: st.DrawFn) -> Json:
    value: Json = draw(SMALL)
    for _ in range(draw(st.integers(0, 3 * MAX_NESTING))):
        value = draw(st.sampled_from([[value], {'"]': value}, [value, "}"], ["{", value, [[]]]]))
    return value


def cut(value: Json, depth: int) -> Json:
    if not isinstance(value, dict | list):
        return value
    if depth == MAX_NESTING:
        return 0
    if isinstance(value, dict):
        return {key: cut(inner, depth + 1) for key, inner in value.items()}
    return [cut(inner, depth + 1) for inner in value]


@given(value=deep_json(), has_spaces=st.booleans())
def test_only_what_lies_too_deep_is_left_out(value: Json, has_spaces: bool) -> None:
    text = json.dumps(value, separators=None if has_spaces else (",", ":"), ensure_ascii=False)

    assert json.loads(shallow(text.encode())) == cut(value, 0)


@pytest.mark.parametrize("unclosed", [b"[" * DEEPEST, b'{"a":' * DEEPEST, b'["' * DEEPEST, b"]" * DEEPEST])
def test_what_has_no_end_is_still_no_json(unclosed: bytes) -> None:
    with pytest.raises(json.JSONDecodeError):
        json.loads(shallow(unclosed))


@pytest.mark.rule("R55")
@pytest.mark.parametrize("path", [BATCH, TRACK])
async def test_an_event_nested_too_deep_costs_no_other(redis_url: str, path: str) -> None:
    body = msgspec.json.encode({"events": [GOOD, GOOD | {"properties": {"a": DEEP}}, GOOD | {"unknown": DEEP}, GOOD]})
    async with running(redis_url) as gateway:
        answer = await gateway.client.post(path, content=body)

        assert answer.json()["accepted"] == 3
        assert [(error["index"], error["code"], error["field"]) for error in answer.json()["errors"]] == [
            (1, "invalid_value", "properties")
        ]
        assert len(await gateway.stored()) == 3
