"""The rules of the specification that the gateway keeps, each on the running application."""

import gzip
import json
from datetime import timedelta

import msgspec
import pytest

from shared.event import Revenue
from shared.registry import Website
from tests.ingest.gateway import BATCH, EVENT, NOW, TRACK, running
from tests.ingest.sending import PAGE, bearer, one, register

# One event without a field.
NOTHING: list[dict[str, object]] = [{}]


@pytest.mark.rule("R1")
async def test_event_type_defaults_to_pageview_and_keeps_custom_names(redis_url: str) -> None:
    async with running(redis_url) as gateway:
        assert (await one(gateway)).event_type == "pageview"
        assert (await one(gateway, event_type="sign up ü")).event_type == "sign up ü"
        assert (await one(gateway, event_type="signup", page=None)).page == ""


@pytest.mark.rule("R4")
@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("/a/b/", "/a/b/"),
        ("/a?x=1#f", "/a"),
        ("#f", "/"),
        ("/" + "é" * 1500, "/" + "é" * 1023),
        ("  /a ", "/a"),
    ],
)
async def test_page_is_a_path_of_2048_bytes(redis_url: str, sent: str, stored: str) -> None:
    async with running(redis_url) as gateway:
        assert (await one(gateway, page=sent)).page == stored


@pytest.mark.rule("R5")
async def test_full_url_is_split(redis_url: str) -> None:
    async with running(redis_url) as gateway:
        event = await one(gateway, page=None, url="https://u:p@WWW.Example.com:8443/a?gclid=secret&ref=hn&q=1#f")

        assert (event.hostname, event.page, event.query) == ("www.example.com", "/a", "gclid=&ref=hn")


@pytest.mark.rule("R6")
async def test_properties_are_flat_scalars_within_their_limits(redis_url: str) -> None:
    sent = {"plan": "pro", "n": 1, "f": 1.5, "b": True, "none": None, "cart": {"items": [1, {"a": "b"}], "x": {"y": 2}}}
    async with running(redis_url) as gateway:
        event = await one(gateway, properties=sent | {"long": "é" * 600})
        many = await gateway.send(PAGE | {"properties": {f"k{i}": i for i in range(60)}})

        assert isinstance(event.properties, msgspec.Raw)
        assert json.loads(bytes(event.properties)) == {
            **{name: sent[name] for name in ("plan", "n", "f", "b", "none")},
            "cart.items": '[1,{"a":"b"}]',
            "cart.x.y": 2,
            "long": "é" * 512,
        }
        assert [warning["code"] for warning in many.json()["warnings"]] == ["too_many_properties"]


@pytest.mark.rule("R7")
async def test_interactive_is_true_unless_said_otherwise(redis_url: str) -> None:
    async with running(redis_url) as gateway:
        assert (await one(gateway)).interactive
        assert not (await one(gateway, interactive=False)).interactive


@pytest.mark.rule("R50")
async def test_browser_may_say_that_a_program_drives_it(redis_url: str) -> None:
    async with running(redis_url) as gateway:
        assert (await one(gateway, webdriver=True)).webdriver
        assert not (await one(gateway, webdriver=False)).webdriver
        assert not (await one(gateway)).webdriver


@pytest.mark.rule("R8")
async def test_time_on_page_counts_as_engagement(redis_url: str) -> None:
    async with running(redis_url) as gateway:
        assert (await one(gateway, time_on_page=12)).engaged_ms == 12_000
        assert (await one(gateway, time_on_page=12, engaged_ms=5)).engaged_ms == 5


@pytest.mark.rule("R52")
async def test_every_route_takes_what_it_is_for(redis_url: str) -> None:
    async with running(redis_url) as gateway:
        for path, body in [(EVENT, PAGE), (TRACK, PAGE), (BATCH, {"events": [PAGE]}), (BATCH, [PAGE]), (TRACK, [PAGE])]:
            assert (await gateway.send(body, path)).status_code == 202

        assert len(await gateway.stored()) == 5


@pytest.mark.rule("R53")
async def test_any_page_may_send(redis_url: str) -> None:
    asked = {"origin": "https://a.example", "access-control-request-headers": "content-type, x-y"}
    async with running(redis_url) as gateway:
        preflight = await gateway.client.options(EVENT, headers=asked)
        refused = await gateway.send({}, headers={"origin": "https://a.example"})

        assert preflight.status_code == 204
        assert preflight.headers["access-control-allow-headers"] == "content-type, x-y"
        assert preflight.headers["access-control-max-age"] == "86400"
        for answer in (preflight, refused):
            assert answer.headers["access-control-allow-origin"] == "https://a.example"
            assert answer.headers["access-control-allow-credentials"] == "true"
            assert answer.headers["vary"] == "Origin"


@pytest.mark.rule("R54")
async def test_single_event_names_its_id_or_its_fault(redis_url: str) -> None:
    async with running(redis_url) as gateway:
        answer = await gateway.send(PAGE)
        refused = await gateway.send({"website_id": "site-1"})

        assert answer.json() == {"status": "accepted", "id": str((await gateway.stored())[0].id)}
        assert refused.status_code == 400
        assert refused.json() | {"request_id": ""} == {
            "error": "page is required",
            "code": "missing_field",
            "details": {"field": "page"},
            "request_id": "",
        }


@pytest.mark.rule("R55")
async def test_batch_is_judged_event_by_event(redis_url: str) -> None:
    async with running(redis_url) as gateway:
        mixed = await gateway.send([PAGE, {"website_id": "site-1"}, PAGE | {"pgae": 1}], BATCH)
        bad = await gateway.send(NOTHING, BATCH)
        many = await gateway.send([PAGE] * 1001, BATCH)
        full = await gateway.send([PAGE] * 1000, BATCH)

        error = {"index": 1, "code": "missing_field", "error": "page is required", "field": "page"}
        assert mixed.json() == {
            "status": "accepted", "accepted": 2, "rejected": 1, "dropped": 0, "errors": [error], "warnings": [],
        }  # fmt: skip
        assert mixed.headers["x-analytics-unknown-fields"] == "pgae"
        assert (bad.status_code, bad.json()["rejected"]) == (400, 1)
        assert (many.status_code, full.status_code) == (413, 202)
        assert len(await gateway.stored()) == 1002


@pytest.mark.rule("R6", "R55")
@pytest.mark.parametrize("path", [BATCH, TRACK])
async def test_half_a_character_costs_no_other_event(redis_url: str, path: str) -> None:
    body = rb'{"events":[{"website_id":"site-1","page":"/a"},{"website_id":"site-1","page":"/\ud800"}]}'
    async with running(redis_url) as gateway:
        answer = await gateway.client.post(path, content=body)

        assert answer.json()["accepted"] == 2
        assert {event.page for event in await gateway.stored()} == {"/a", "/\ufffd"}


@pytest.mark.rule("R56")
@pytest.mark.rule("R62")
async def test_unknown_website_is_dropped_only_when_that_is_certain(redis_url: str) -> None:
    async with running(redis_url, environ={"ENVIRONMENT": "production"}) as gateway:
        in_doubt = await gateway.send(PAGE)
        await register(gateway, Website(website_id="other"))
        certain = await gateway.send(PAGE)
        batch = await gateway.send([PAGE, PAGE | {"website_id": "other"}], BATCH)

        assert in_doubt.json()["status"] == "accepted"
        assert (certain.status_code, certain.headers["x-analytics-dropped"]) == (202, "unknown_site")
        assert (batch.json()["accepted"], batch.json()["dropped"]) == (1, 1)


@pytest.mark.rule("R57")
async def test_client_id_stays_and_a_missing_one_is_a_uuid7(redis_url: str) -> None:
    async with running(redis_url) as gateway:
        made = await one(gateway)
        text, again = await one(gateway, id="abc"), await one(gateway, id="abc")

        assert made.id.version == 7 and not made.is_client_id
        assert text.id == again.id and text.is_client_id


@pytest.mark.rule("R58")
@pytest.mark.parametrize(
    ("offset", "role", "is_import", "outcome"),
    [
        (timedelta(days=-7), None, False, "kept"),
        (timedelta(days=-7, seconds=-1), None, False, "skewed"),
        (timedelta(minutes=10), None, False, "kept"),
        (timedelta(minutes=11), None, False, "skewed"),
        (timedelta(days=-90), "owner", False, "kept"),
        (timedelta(days=-91), "owner", False, "timestamp_out_of_range"),
        (timedelta(minutes=11), "owner", False, "timestamp_out_of_range"),
        (timedelta(days=-4000), "owner", True, "kept"),
        (timedelta(minutes=11), "owner", True, "timestamp_out_of_range"),
    ],
)
async def test_timestamp_is_believed_as_far_as_its_sender(
    redis_url: str, offset: timedelta, role: str | None, is_import: bool, outcome: str
) -> None:
    async with running(redis_url) as gateway:
        headers = bearer(gateway, role) if role else {}
        headers |= {"x-analytics-import": "1"} if is_import else {}
        answer = await gateway.send(PAGE | {"timestamp": (NOW + offset).isoformat()}, headers=headers)
        stored = await gateway.stored()

        if outcome in {"kept", "skewed"}:
            assert stored[0].timestamp == (NOW + offset if outcome == "kept" else NOW)
            assert [warning["code"] for warning in answer.json().get("warnings", [])] == (
                ["clock_skew"] if outcome == "skewed" else []
            )
            assert stored[0].is_imported == is_import
        else:
            assert (answer.status_code, answer.json()["code"]) == (400, outcome)


@pytest.mark.rule("R58")
async def test_senders_clock_is_corrected_by_its_own_time_of_sending(redis_url: str) -> None:
    async with running(redis_url) as gateway:
        assert (
            await one(gateway, timestamp="2026-03-02T08:59:00Z", sent_at="2026-03-02T09:00:00Z")
        ).timestamp == NOW - timedelta(minutes=1)


@pytest.mark.rule("R61")
@pytest.mark.parametrize("setting", ["RATE_LIMIT_PER_CLIENT", "RATE_LIMIT_PER_SITE"])
async def test_sender_over_the_limit_is_told_when_to_come_back(redis_url: str, setting: str) -> None:
    async with running(redis_url, environ={setting: "1"}) as gateway:
        answers = [await gateway.send(PAGE) for _ in range(6)]
        gateway.clock.now += timedelta(seconds=1)
        later = await gateway.send(PAGE)

        assert [answer.status_code for answer in answers] == [202] * 5 + [429]
        assert answers[-1].json()["code"] == "rate_limited"
        assert answers[-1].headers["retry-after"] == "1"
        assert answers[-1].headers["x-ratelimit-limit"] == "1"
        assert later.status_code == 202


@pytest.mark.rule("R61")
@pytest.mark.parametrize(
    ("body", "status"),
    [
        (json.dumps(PAGE | {"title": "a" * 30_000}).encode(), 202),
        (b"{" + b" " * 30_000, 400),
        (gzip.compress(bytes(2**20 + 1)), 413),
        (gzip.compress(b"") * 1000, 400),
    ],
    ids="accepted broken bomb members".split(),
)
async def test_what_takes_long_to_read_costs_more(redis_url: str, body: bytes, status: int) -> None:
    packed = {"Content-Encoding": "gzip"} if body.startswith(b"\x1f") else {}
    async with running(redis_url, environ={"RATE_LIMIT_PER_CLIENT": "4"}) as gateway:
        first = await gateway.client.post(TRACK, content=body, headers=packed)
        gateway.clock.now += timedelta(seconds=1)
        # Even what is no event at all is not looked at any more.
        second = await gateway.client.post(TRACK, content=b"?")
        gateway.clock.now += timedelta(minutes=10)

        assert [first.status_code, second.status_code] == [status, 429]
        assert second.json()["code"] == "rate_limited"
        assert (await gateway.send(PAGE)).status_code == 202


@pytest.mark.rule("R63")
@pytest.mark.parametrize(
    ("role", "websites", "status", "code"),
    [
        ("owner", ("site-1",), 202, None),
        ("owner", ("other",), 400, "forbidden_website"),
        ("viewer", ("site-1",), 403, "forbidden"),
    ],
)
async def test_token_opens_only_its_own_websites(
    redis_url: str, role: str, websites: tuple[str, ...], status: int, code: str | None
) -> None:
    async with running(redis_url) as gateway:
        answer = await gateway.send(PAGE, headers=bearer(gateway, role, websites))
        bad = await gateway.send(PAGE, headers={"authorization": "Bearer x.y.z"})

        assert (answer.status_code, answer.json().get("code")) == (status, code)
        assert (bad.status_code, bad.headers["www-authenticate"]) == (401, "Bearer")


async def test_revenue_and_performance_are_checked(redis_url: str) -> None:
    async with running(redis_url) as gateway:
        event = await one(
            gateway, revenue={"amount": 19.99, "currency": "eur"}, performance={"lcp": 1200, "cls": 0.1, "inp": None}
        )
        for bad in (
            {"revenue": {"amount": "1e9", "currency": "EUR"}},
            {"revenue": {"amount": "1", "currency": "E1R"}},
            {"performance": {"lcp": -1}},
        ):
            assert (await gateway.send(PAGE | bad)).json()["code"] == "invalid_value"

        assert event.revenue == Revenue("19.99", "EUR")
        assert event.performance == {"lcp": 1200.0, "cls": 0.1}
