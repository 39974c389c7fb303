"""What a sender is told, to the letter: bodies, headers, and what a page may read of them."""

import gzip
import json

import pytest

from shared.registry import Website
from tests.ingest.gateway import BATCH, EVENT, NOW, TRACK, running
from tests.ingest.sending import PAGE, one, register

ORIGIN = "https://a.example"
BAD = {"website_id": "site-1"}


@pytest.mark.rule("R52")
@pytest.mark.parametrize(
    ("path", "body", "code", "field"),
    [
        (EVENT, {"events": [PAGE]}, "missing_field", "website_id"),
        (EVENT, [PAGE], "invalid_type", None),
        (BATCH, PAGE, "missing_field", "events"),
        (BATCH, {"events": 1}, "invalid_type", "events"),
        (BATCH, {"events": []}, "invalid_value", "events"),
        (TRACK, [], "invalid_value", "events"),
        (TRACK, {"events": None}, "invalid_type", "events"),
    ],
)
async def test_each_route_refuses_what_it_is_not_for(
    redis_url: str, path: str, body: object, code: str, field: str | None
) -> None:
    async with running(redis_url) as gateway:
        answer = await gateway.send(body, path)

        assert (answer.status_code, answer.json()["code"]) == (400, code)
        assert answer.json()["details"] == ({"field": field} if field else {})


@pytest.mark.rule("R52")
@pytest.mark.parametrize("path", [BATCH, TRACK])
async def test_a_bare_array_may_have_space_around_it(redis_url: str, path: str) -> None:
    body = b"\n\t " + json.dumps([PAGE, {}]).encode()
    async with running(redis_url) as gateway:
        answer = await gateway.client.post(path, content=body)

        assert (answer.status_code, answer.json()["accepted"], answer.json()["rejected"]) == (202, 1, 1)


@pytest.mark.rule("R53")
@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "image/gif",
        "text/plain; charset=us-ascii",
        "text/plain; charset=utf8",
        'application/json; charset="UTF-8"',
        "application/json;charset=Utf-8;x=y",
    ],
)
async def test_json_is_json_whatever_its_type_says(redis_url: str, content_type: str | None) -> None:
    headers = {} if content_type is None else {"content-type": content_type}
    async with running(redis_url) as gateway:
        answer = await gateway.client.post(EVENT, content=json.dumps(PAGE).encode(), headers=headers)

        assert answer.status_code == 202


@pytest.mark.rule("R55")
@pytest.mark.parametrize("encoding", ["gzip", "GZIP", " x-gzip ", "identity", ""])
async def test_an_encoding_goes_by_all_of_its_names(redis_url: str, encoding: str) -> None:
    body = json.dumps(PAGE).encode()
    packed = gzip.compress(body) if "gzip" in encoding.lower() else body
    async with running(redis_url) as gateway:
        answer = await gateway.client.post(EVENT, content=packed, headers={"content-encoding": encoding})

        assert answer.status_code == 202


@pytest.mark.rule("R53")
@pytest.mark.parametrize("body", [PAGE, {}], ids=["accepted", "refused"])
async def test_a_page_may_read_its_answer(redis_url: str, body: object) -> None:
    async with running(redis_url) as gateway:
        answer = await gateway.send(body, headers={"origin": ORIGIN})
        silent = await gateway.send(body)

        found = {name: value for name, value in answer.headers.items() if name.startswith("access-control-")}
        assert found == {
            "access-control-allow-origin": ORIGIN,
            "access-control-allow-credentials": "true",
            "access-control-expose-headers": (
                "X-Analytics-Dropped, X-Analytics-Unknown-Fields, X-Request-Id, Retry-After"
            ),
        }
        assert answer.headers["vary"] == "Origin"
        assert not [name for name in silent.headers if name.startswith("access-control-") or name == "vary"]


@pytest.mark.rule("R53")
async def test_a_preflight_says_what_may_be_sent(redis_url: str) -> None:
    async with running(redis_url) as gateway:
        asked = await gateway.client.options(BATCH, headers={"origin": ORIGIN})
        silent = await gateway.client.options(BATCH)

        assert asked.headers["access-control-allow-methods"] == "POST, OPTIONS"
        assert "access-control-allow-headers" not in asked.headers
        assert "access-control-allow-origin" not in silent.headers
        # A cache must not give one page what another was answered.
        assert (asked.headers["vary"], silent.headers["vary"]) == ("Origin", "Origin")


@pytest.mark.rule("R53")
@pytest.mark.parametrize("value", [b"a" * 1025, b"a\tb", b"\xe4"], ids=["too long", "control", "high byte"])
async def test_what_no_browser_sends_is_not_echoed(redis_url: str, value: bytes) -> None:
    async with running(redis_url) as gateway:
        headers = {b"origin": value}
        answers = [await gateway.client.options(EVENT, headers=headers), await gateway.send(PAGE, headers=headers)]  # pyright: ignore[reportArgumentType] -- httpx takes bytes
        requested = await gateway.client.options(
            EVENT, headers={b"origin": b"null", b"access-control-request-headers": value}
        )
        long = await gateway.client.options(EVENT, headers={"origin": "a" * 1024})

        assert [answer.headers.get("access-control-allow-origin") for answer in answers] == [None, None]
        assert requested.headers["access-control-allow-origin"] == "null"
        assert "access-control-allow-headers" not in requested.headers
        assert long.headers["access-control-allow-origin"] == "a" * 1024


@pytest.mark.rule("R54", "R56")
async def test_a_dropped_event_is_told_why(redis_url: str) -> None:
    async with running(redis_url, environ={"ALLOW_UNREGISTERED_SITES": "false"}) as gateway:
        await register(gateway, Website(website_id="other"))
        single = await gateway.send(PAGE)
        batch = await gateway.send([PAGE, {}], BATCH)

        assert (single.status_code, single.json()) == (202, {"status": "dropped", "reason": "unknown_site"})
        assert (batch.status_code, batch.headers["x-analytics-dropped"]) == (202, "unknown_site")
        assert [batch.json()[name] for name in ("accepted", "rejected", "dropped")] == [0, 1, 1]


@pytest.mark.rule("R55")
async def test_a_batch_without_a_good_event_has_the_same_body(redis_url: str) -> None:
    async with running(redis_url) as gateway:
        answer = await gateway.send([1, BAD], BATCH)

        errors = [
            {"index": 0, "code": "invalid_type", "error": "event: must be object"},
            {"index": 1, "code": "missing_field", "error": "page is required", "field": "page"},
        ]
        assert (answer.status_code, answer.json()) == (
            400,
            {"status": "rejected", "accepted": 0, "rejected": 2, "dropped": 0, "errors": errors, "warnings": []},
        )


@pytest.mark.rule("R55")
async def test_a_warning_names_the_event_that_it_is_for(redis_url: str) -> None:
    async with running(redis_url) as gateway:
        answer = await gateway.send([PAGE, BAD, PAGE | {"timestamp": "1990-01-01T00:00:00Z"}], BATCH)

        (warning,) = answer.json()["warnings"]
        assert (warning["index"], warning["code"], warning["field"]) == (2, "clock_skew", "timestamp")


@pytest.mark.parametrize(
    ("fields", "header"),
    [
        (["b", "a"], "a, b"),
        (["is_bot", "is_new_user"], None),
        ([f"f{number:02}" for number in range(30)], ", ".join(f"f{number:02}" for number in range(20))),
        (["x" * 64, "x" * 65], "x" * 64),
        (["a", "b,c", "\u00fc", "d\u007f", ""], "a"),
        (["\u00fc"], "?"),
    ],
    ids=["sorted", "ours", "many", "long", "strange", "only strange"],
)
async def test_fields_that_are_not_known_are_named_in_a_short_header(
    redis_url: str, fields: list[str], header: str | None
) -> None:
    async with running(redis_url) as gateway:
        answer = await gateway.send(PAGE | dict.fromkeys(fields, 1))

        assert (answer.status_code, answer.headers.get("x-analytics-unknown-fields")) == (202, header)


@pytest.mark.rule("R58")
@pytest.mark.parametrize("unknown", [{}, {"unknown": 1}], ids=["at once", "one by one"])
async def test_a_batch_says_once_when_it_was_sent(redis_url: str, unknown: dict[str, object]) -> None:
    """Unless an event says it itself."""
    events = [
        PAGE | unknown | {"timestamp": "2026-03-02T08:59:00Z"},
        PAGE | {"timestamp": "2026-03-02T08:59:00Z", "sent_at": "2026-03-02T08:59:00Z"},
    ]
    async with running(redis_url) as gateway:
        answer = await gateway.send({"events": events, "sent_at": "2026-03-02T09:00:00Z"}, BATCH)

        assert (answer.status_code, answer.json()["warnings"]) == (202, [])
        assert [(NOW - event.timestamp).total_seconds() for event in await gateway.stored()] == [60, 0]


@pytest.mark.rule("R58")
async def test_a_time_beyond_the_calendar_is_a_clock_that_is_off(redis_url: str) -> None:
    async with running(redis_url) as gateway:
        event = await one(gateway, timestamp="9999-12-31T23:00:00Z", sent_at="0001-01-01T00:00:00Z")

        assert event.timestamp == NOW
