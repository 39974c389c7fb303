"""What the gateway tells of itself: what it counts, to whom, and what comes with every answer."""

import re

import httpx
import pytest

from ingest.app import create_app
from ingest.connection import connect
from shared.registry import Website
from shared.settings import read_settings
from tests.ingest.gateway import BATCH, EVENT, SECRET, TRACK, HeldClock, RunningGateway, running
from tests.ingest.sending import PAGE, bearer, register

HERE = "127.0.0.1"


async def counted(gateway: RunningGateway) -> dict[str, float]:
    """Everything that has been counted, by name and labels."""
    answer = await gateway.client.get("/metrics", headers=bearer(gateway))
    lines = re.findall(r"^(\w+_total(?:\{.*\})?) (\S+)$", answer.text, re.MULTILINE)
    return {name: float(value) for name, value in lines if float(value)}


@pytest.mark.rule("B20")
async def test_every_event_is_counted_as_what_became_of_it(redis_url: str) -> None:
    async with running(redis_url, environ={"ALLOW_UNREGISTERED_SITES": "false"}) as gateway:
        await register(gateway, Website(website_id="site-1"), Website(website_id="private", gpc="drop"))
        before = await counted(gateway)
        events = [PAGE, PAGE, {}, PAGE | {"website_id": "nobody"}, PAGE | {"website_id": "private"}]
        await gateway.send(events, BATCH, headers={"sec-gpc": "1"})
        after = await counted(gateway)

    grown = {name: value - before.get(name, 0) for name, value in after.items() if value != before.get(name)}
    assert {name: value for name, value in grown.items() if name.startswith("events_")} == {
        "events_accepted_total": 2,
        'events_rejected_total{code="missing_field"}': 1,
        'events_dropped_total{reason="unknown_site"}': 1,
        'events_dropped_total{reason="gpc"}': 1,
    }


@pytest.mark.rule("R61", "B20")
@pytest.mark.parametrize(
    ("setting", "is_keyed", "limit"),
    [
        ("RATE_LIMIT_PER_CLIENT", False, "client"),
        ("RATE_LIMIT_PER_SITE", False, "site"),
        ("RATE_LIMIT_PER_SITE", True, "key"),
    ],
)
async def test_what_was_over_its_limit_is_counted(redis_url: str, setting: str, limit: str, *, is_keyed: bool) -> None:
    async with running(redis_url, environ={setting: "1"}) as gateway:
        headers = bearer(gateway) if is_keyed else {}
        statuses = [(await gateway.send([PAGE] * 10, BATCH, headers=headers)).status_code for _ in range(3)]
        found = await counted(gateway)
        stored = len(await gateway.stored())

    assert statuses == [202, 429, 429]
    assert found[f'rate_limited_total{{limit="{limit}"}}'] == 2
    # A refused request has left nothing, or it would count twice when it comes again.
    assert stored == 10


@pytest.mark.rule("R61")
async def test_a_server_is_limited_as_a_website_and_not_as_a_client(redis_url: str) -> None:
    """Its token's name is no website's, even where they read the same."""
    limits = {"RATE_LIMIT_PER_CLIENT": "1", "RATE_LIMIT_PER_SITE": "2"}
    async with running(redis_url, environ=limits) as gateway:
        headers = bearer(gateway)
        answers = [await gateway.send(PAGE | {"website_id": "cli"}, headers=headers) for _ in range(11)]

    assert [answer.status_code for answer in answers] == [202] * 10 + [429]


@pytest.mark.rule("R61", "N8", "B20")
async def test_pictures_are_limited_and_counted_as_events_are(redis_url: str) -> None:
    async with running(redis_url, environ={"RATE_LIMIT_PER_CLIENT": "1"}) as gateway:
        answers = [await gateway.client.get("/p.gif?website_id=w&page=/a") for _ in range(6)]
        found = await counted(gateway)

    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert found['rate_limited_total{limit="client"}'] == 1


@pytest.mark.rule("R61")
async def test_a_batch_costs_a_token_an_event(redis_url: str) -> None:
    async with running(redis_url, environ={"RATE_LIMIT_PER_CLIENT": "10"}) as gateway:
        answers = [await gateway.send([PAGE] * 49, BATCH) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [202, 202, 429]


@pytest.mark.rule("B20")
async def test_labels_are_bounded_whatever_is_asked_for(redis_url: str) -> None:
    async with running(redis_url) as gateway:
        await gateway.client.request("BREW", "/pot")
        await gateway.client.get("/a/path/of/its/own")
        await gateway.send(PAGE)
        await gateway.client.get(EVENT)
        found = await counted(gateway)

    assert {name: value for name, value in found.items() if name.startswith("http_")} == {
        'http_requests_total{endpoint="unmatched",method="other",status="404"}': 1,
        'http_requests_total{endpoint="unmatched",method="GET",status="404"}': 1,
        f'http_requests_total{{endpoint="{EVENT}",method="POST",status="202"}}': 1,
        f'http_requests_total{{endpoint="{EVENT}",method="GET",status="405"}}': 1,
    }


@pytest.mark.rule("R63")
@pytest.mark.parametrize(
    ("peer", "role", "header", "status"),
    [
        (HERE, None, None, 200),
        ("::1", None, None, 200),
        (HERE, None, "x-forwarded-for", 401),
        (HERE, None, "forwarded", 401),
        (HERE, None, "x-real-ip", 401),
        ("198.51.100.7", None, None, 401),
        ("198.51.100.7", "viewer", None, 403),
        ("198.51.100.7", "owner", None, 200),
    ],
)
async def test_metrics_are_for_this_host_and_for_a_token(
    redis_url: str, peer: str, role: str | None, header: str | None, status: int
) -> None:
    async with running(redis_url, peer=peer) as gateway:
        headers = (bearer(gateway, role) if role else {}) | ({header: "198.51.100.7"} if header else {})
        answer = await gateway.client.get("/metrics", headers=headers)
        without_secret = await _metrics_without_secret(redis_url, peer, headers)

    assert answer.status_code == status
    assert (without_secret == 200) == (status == 200 and role is None)


async def _metrics_without_secret(redis_url: str, peer: str, headers: dict[str, str]) -> int:
    async with running(redis_url, peer=peer, environ={"JWT_SECRET": ""}) as gateway:
        return (await gateway.client.get("/metrics", headers=headers)).status_code


@pytest.mark.rule("R68")
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("POST", EVENT, 202), ("POST", TRACK, 202), ("OPTIONS", EVENT, 204), ("GET", "/none", 404), ("PUT", EVENT, 405)],
)
async def test_every_answer_has_a_name_and_is_no_more_than_it_says(
    redis_url: str, method: str, path: str, status: int
) -> None:
    async with running(redis_url) as gateway:
        answer = await gateway.client.request(method, path, json=PAGE)
        named = await gateway.client.request(method, path, json=PAGE, headers={"x-request-id": "a" * 64})
        strange = [
            await gateway.client.request(method, path, json=PAGE, headers={"x-request-id": name})
            for name in ("a" * 65, "a b", "a_b", "")
        ]

    assert answer.status_code == status
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["permissions-policy"] == "camera=(), geolocation=(), microphone=()"
    assert named.headers["x-request-id"] == "a" * 64
    made = [each.headers["x-request-id"] for each in (answer, *strange)]
    assert len({*made}) == len(made) and all(re.fullmatch("[0-9a-f]{32}", name) for name in made)
    if status >= 400:
        assert answer.json()["request_id"] == made[0]


@pytest.mark.rule("R68")
async def test_what_nobody_foresaw_is_answered_without_its_text(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_body: bytes) -> None:
        raise ZeroDivisionError("of our own")

    monkeypatch.setattr("ingest.routes.parse_single", fail)
    async with connect(redis_url) as redis:
        app = create_app(read_settings({"JWT_SECRET": SECRET}), redis, HeldClock())
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway") as client:
            answer = await client.post(EVENT, json=PAGE)

    assert (answer.status_code, answer.json()) == (
        500,
        {
            "error": "something went wrong on our side",
            "code": "internal_error",
            "details": {},
            "request_id": answer.headers["x-request-id"],
        },
    )
