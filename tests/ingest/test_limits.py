"""What lies just within a limit is taken, and what lies just beyond it is not."""

import gzip
import json

import pytest

from ingest.body import MAX_BATCH_BYTES, MAX_SINGLE_BYTES
from tests.ingest.gateway import BATCH, EVENT, TRACK, running
from tests.ingest.sending import PAGE

DAY_SECONDS = 86_400
# 8168 bytes of properties, with the names, the quotes and the commas.
FULL = {f"k{number}": "x" * 1013 for number in range(8)}


def nested(depth: int) -> object:
    return {"a": nested(depth - 1)} if depth else 1


@pytest.mark.rule("R54")
@pytest.mark.parametrize(
    ("field", "within", "beyond", "code"),
    [
        ("website_id", "x" * 128, "x" * 129, "invalid_value"),
        ("website_id", "aZ09._:-", "aZ09._:-\u00e9", "invalid_value"),
        ("website_id", "a", "a b", "invalid_value"),
        ("event_type", "x" * 100, "x" * 101, "invalid_value"),
        ("event_type", "a\u00a0", "a\u009f", "invalid_value"),
        ("id", "x" * 128, "x" * 129, "invalid_value"),
        ("id", "x", "", "invalid_value"),
        ("visitor_id", "x" * 255, "x" * 256, "invalid_value"),
        ("session_id", "x" * 255, "x" * 256, "invalid_value"),
        ("session_id", "a", "a\0", "invalid_value"),
        ("time_on_page", DAY_SECONDS, DAY_SECONDS + 1, "invalid_value"),
        ("engaged_ms", DAY_SECONDS * 1000, DAY_SECONDS * 1000 + 1, "invalid_value"),
        ("engaged_ms", 0, "0", "invalid_value"),
        ("scroll_depth", 100, 101, "invalid_value"),
        ("scroll_depth", 0, "0", "invalid_value"),
        ("sent_at", "2026-03-02T10:00:00Z", "2026-03-02T10:00:00", "invalid_type"),
        ("revenue", {"amount": "-" + "9" * 15 + ".999999", "currency": "EUR"}, {"amount": "9" * 16, "currency": "EUR"},
         "invalid_value"),
        ("revenue", {"amount": "0", "currency": "EUR"}, {"amount": "0.1234567", "currency": "EUR"}, "invalid_value"),
        ("properties", {"a": -(2**63)}, {"a": -(2**63) - 1}, "number_out_of_range"),
        ("properties", {"a": 2**63 - 1}, {"a": 2**63}, "number_out_of_range"),
        ("properties", nested(5), nested(6), "invalid_value"),
        ("properties", FULL | {"k": "x" * 16}, FULL | {"k": "x" * 17}, "too_large"),
    ],
)  # fmt: skip
async def test_a_field_is_refused_by_name_beyond_its_limit(
    redis_url: str, field: str, within: object, beyond: object, code: str
) -> None:
    async with running(redis_url) as gateway:
        taken = await gateway.send(PAGE | {field: within})
        refused = await gateway.send(PAGE | {field: beyond})

        assert (taken.status_code, taken.json().get("warnings")) == (202, None)
        assert (refused.status_code, refused.json()["code"]) == (400, code)
        assert refused.json()["details"] == {"field": field}
        assert len(await gateway.stored()) == 1


@pytest.mark.rule("R54")
async def test_a_measure_is_refused_beyond_its_limit(redis_url: str) -> None:
    async with running(redis_url) as gateway:
        taken = await gateway.send(PAGE | {"performance": {"lcp": 1e9}})
        refused = await gateway.send(PAGE | {"performance": {"lcp": 1e9 + 1}})

        assert (taken.status_code, refused.status_code, refused.json()["code"]) == (202, 400, "invalid_value")


@pytest.mark.rule("R6")
@pytest.mark.parametrize(
    ("field", "prefix", "limit"),
    [
        ("title", "", 512),
        ("hostname", "", 253),
        ("language", "", 35),
        ("screen", "", 32),
        ("source", "", 255),
        ("utm_source", "", 255),
        ("utm_medium", "", 255),
        ("utm_campaign", "", 255),
        ("utm_term", "", 255),
        ("utm_content", "", 255),
        ("referrer", "https://a.example/", 2048),
        ("page", "/", 2048),
    ],
)
async def test_text_is_cut_at_its_limit_and_its_sender_told(
    redis_url: str, field: str, prefix: str, limit: int
) -> None:
    whole = prefix.ljust(limit, "x")
    async with running(redis_url) as gateway:
        answer = await gateway.send([PAGE | {field: whole}, PAGE | {field: whole + "y"}], BATCH)
        stored = await gateway.stored()

        assert [getattr(event, field) for event in stored] == [whole, whole]
        assert [(warning["index"], warning["code"], warning["field"]) for warning in answer.json()["warnings"]] == [
            (1, "truncated", field)
        ]


@pytest.mark.rule("R5")
async def test_the_query_of_a_page_is_cut_at_its_limit(redis_url: str) -> None:
    whole = "utm_source=".ljust(2048, "x")
    async with running(redis_url) as gateway:
        await gateway.send([PAGE | {"page": f"/a?{whole}"}, PAGE | {"page": f"/a?{whole}y"}], BATCH)

        assert [event.query for event in await gateway.stored()] == [whole, whole]


@pytest.mark.rule("R6")
async def test_fifty_properties_are_kept_and_no_more(redis_url: str) -> None:
    async with running(redis_url) as gateway:
        answer = await gateway.send(
            [PAGE | {"properties": {f"k{number}": 1 for number in range(count)}} for count in (50, 51)], BATCH
        )
        kept = [json.loads(bytes(event.properties)) for event in await gateway.stored() if event.properties]  # pyright: ignore[reportArgumentType] -- these have some

        assert [list(properties) for properties in kept] == [[f"k{number}" for number in range(50)]] * 2
        assert [(warning["index"], warning["code"]) for warning in answer.json()["warnings"]] == [
            (1, "too_many_properties")
        ]


@pytest.mark.rule("R6")
@pytest.mark.parametrize(
    ("properties", "kept", "warnings"),
    [
        ({"k" * 128: 1}, {"k" * 128: 1}, None),
        ({"k" * 129: 1}, {"k" * 128: 1}, ["truncated"]),
        ({"a\0": "b\0c"}, {"a": "bc"}, None),
        ({"\0" + "k" * 128: 1}, {"k" * 128: 1}, None),
        ({"a": "\0"}, {"a": ""}, None),
        ({"a": ""}, {"a": ""}, None),
        ({"a": "x" * 1024}, {"a": "x" * 1024}, None),
        ({"a": "x" * 1025}, {"a": "x" * 1024}, ["truncated"]),
    ],
    ids=["key", "long key", "NUL", "NUL in a long key", "NUL alone", "nothing", "value", "long value"],
)
async def test_a_property_is_kept_as_far_as_it_can_be_stored(
    redis_url: str, properties: dict[str, object], kept: dict[str, object], warnings: list[str] | None
) -> None:
    async with running(redis_url) as gateway:
        answer = await gateway.send(PAGE | {"properties": properties})
        stored = [json.loads(bytes(event.properties)) for event in await gateway.stored() if event.properties]  # pyright: ignore[reportArgumentType] -- it has some
        found = [warning["code"] for warning in answer.json().get("warnings", ())]

        assert (stored, found) == ([kept], warnings or [])


@pytest.mark.rule("R6")
@pytest.mark.parametrize(
    ("number", "kept"),
    [
        ("-0.0", "0.0"),
        ("-0", "0"),
        ("0.0e-999", "0.0"),
        ("0." + "1" * 398, "0.1111111111111111"),
        ("0." + "1" * 399, None),
        ("1e-400", None),
        ("1.8e308", None),
    ],
)
async def test_a_number_is_kept_where_a_float_can_hold_it(redis_url: str, number: str, kept: str | None) -> None:
    body = json.dumps(PAGE)[:-1] + f', "properties": {{"a": {number}}}}}'
    async with running(redis_url) as gateway:
        answer = await gateway.client.post(EVENT, content=body)
        stored = [bytes(event.properties) for event in await gateway.stored() if event.properties]  # pyright: ignore[reportArgumentType] -- it has some

        assert stored == ([] if kept is None else [b'{"a":%b}' % kept.encode()])
        assert answer.json().get("code") == ("number_out_of_range" if kept is None else None)


@pytest.mark.rule("R55")
@pytest.mark.parametrize("is_packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize(
    ("path", "event", "limit"),
    [
        (EVENT, PAGE, MAX_SINGLE_BYTES),
        (TRACK, PAGE, MAX_SINGLE_BYTES),
        (TRACK, [PAGE], MAX_BATCH_BYTES),
        (BATCH, [PAGE], MAX_BATCH_BYTES),
    ],
    ids=["single", "one of either", "many of either", "batch"],
)
async def test_a_body_is_taken_up_to_its_limit(
    redis_url: str, path: str, event: object, limit: int, *, is_packed: bool
) -> None:
    headers = {"content-encoding": "gzip"} if is_packed else {}
    body = json.dumps(event).encode()
    async with running(redis_url) as gateway:

        async def send(size: int) -> tuple[int, object]:
            padded = body.ljust(size)
            answer = await gateway.client.post(
                path, content=gzip.compress(padded) if is_packed else padded, headers=headers
            )
            return answer.status_code, answer.json().get("details")

        assert await send(limit) == (202, None)
        assert await send(limit + 1) == (413, {"limit_bytes": limit})
        assert len(await gateway.stored()) == 1


def test_bodies_have_the_limits_that_are_documented() -> None:
    assert (MAX_SINGLE_BYTES, MAX_BATCH_BYTES) == (64 * 2**10, 2**20)


@pytest.mark.rule("R61")
@pytest.mark.parametrize("members", [50, 120])
async def test_gzip_may_come_in_as_many_members_as_files_are_put_together(redis_url: str, members: int) -> None:
    """A few tiny ones; and more of them, where they are not tiny."""
    filler = gzip.compress(b" " * 3000, compresslevel=0)
    body = gzip.compress(json.dumps([PAGE]).encode()) + (filler if members > 100 else gzip.compress(b" ")) * members
    async with running(redis_url) as gateway:
        answer = await gateway.client.post(BATCH, content=body, headers={"content-encoding": "gzip"})

        assert answer.status_code == 202


@pytest.mark.rule("R61")
async def test_what_is_refused_unread_costs_no_more_than_it_had(redis_url: str) -> None:
    async with running(redis_url, environ={"RATE_LIMIT_PER_CLIENT": "10"}) as gateway:
        refused = await gateway.send([PAGE], BATCH, headers={"content-type": "multipart/form-data"})
        after = await gateway.send([PAGE], BATCH)

        assert (refused.status_code, after.status_code) == (415, 202)
