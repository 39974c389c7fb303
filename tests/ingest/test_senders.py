"""What a request may say of those it is about: many visitors in one batch, servers, proxies, old events."""

from datetime import timedelta
from uuid import UUID

import pytest
from redis.asyncio import Redis

from ingest.client import Origin
from ingest.connection import connect, read_bytes
from ingest.identity import Naming
from ingest.salts import AHEAD_SECONDS, SaltBook, salt_key
from shared.registry import Website
from tests.ingest.gateway import BATCH, NOW, HeldClock, running
from tests.ingest.sending import CHROME, PAGE, bearer, one, register

PRODUCTION = {"ENVIRONMENT": "production", "ALLOW_UNREGISTERED_SITES": "true"}
IMPORT = {"x-analytics-import": "1"}


def uuid7(age: timedelta) -> str:
    return str(UUID(int=int((NOW - age).timestamp() * 1000) << 80 | 0x7 << 76 | 0b10 << 62 | 1))


@pytest.mark.rule("R10")
async def test_visitors_of_one_batch_are_told_apart(redis_url: str) -> None:
    described: list[dict[str, object]] = [
        {"ip_address": "203.0.113.1"},
        {"ip_address": "203.0.113.2"},
        {"ip_address": "203.0.113.1", "user_agent": CHROME},
        {"ip_address": "203.0.113.1", "website_id": "site-2"},
        {"ip_address": "203.0.113.1", "hostname": "a.example"},
    ]
    async with running(redis_url) as gateway:
        await gateway.send([PAGE | fields for fields in described * 2], BATCH)
        await gateway.send([PAGE, PAGE | {"website_id": "site-2"}, PAGE | {"hostname": "a.example"}], BATCH)
        await gateway.send([PAGE | {"visitor_id": "v"}, PAGE | {"visitor_id": "w"}], BATCH)
        stored = await gateway.stored()

    ids = [event.visitor_id for event in stored]
    assert len(ids) == 15 and len({*ids}) == 5 + 3 + 2
    assert {"v", "w"} <= {*ids}


@pytest.mark.rule("R14")
async def test_events_travel_with_those_of_their_own_sender_alone(redis_url: str) -> None:
    sent = {
        ("203.0.113.0", CHROME, False): {"ip_address": "203.0.113.1", "user_agent": CHROME},
        ("203.0.114.0", CHROME, False): {"ip_address": "203.0.114.1", "user_agent": CHROME},
        ("203.0.113.0", "Other/1", False): {"ip_address": "203.0.113.1", "user_agent": "Other/1"},
        ("203.0.113.0", "", True): {"ip_address": "203.0.113.1"},
        ("203.0.113.0", "", False): {"ip_address": "203.0.113.1", "user_agent": "\0"},
        (None, CHROME, False): {"user_agent": CHROME},
        (None, "", True): {},
    }
    async with running(redis_url, environ={"STREAM_PARTITIONS": "1"}) as gateway:
        events = [PAGE | fields | {"visitor_id": "v"} for fields in sent.values()]
        answer = await gateway.send(events, BATCH, headers=bearer(gateway))
        envelopes = await gateway.envelopes()

    assert answer.json()["accepted"] == len(sent)
    assert {(envelope.network, envelope.user_agent, envelope.is_server) for envelope in envelopes} == sent.keys()
    assert [len(envelope.events) for envelope in envelopes] == [1] * len(sent)


@pytest.mark.rule("R14")
@pytest.mark.parametrize(
    ("peer", "forwarded", "network"),
    [
        # A stranger behind our proxy is no more believed than one who comes himself.
        ("10.0.0.1", "198.51.100.7", "198.51.100.0"),
        ("10.0.0.1", "198.51.100.7, 10.0.0.2", "198.51.100.0"),
        # What our own servers send through it is.
        ("10.0.0.1", "10.0.0.9", "203.0.113.0"),
        ("10.0.0.1", None, "203.0.113.0"),
        ("198.51.100.7", "10.0.0.9", "198.51.100.0"),
    ],
)
async def test_the_body_is_believed_from_within_our_networks_alone(
    redis_url: str, peer: str, forwarded: str | None, network: str
) -> None:
    environ = PRODUCTION | {"TRUSTED_PROXIES": "10.0.0.0/8"}
    async with running(redis_url, peer=peer, environ=environ) as gateway:
        await one(gateway, {"x-forwarded-for": forwarded} if forwarded else None, ip_address="203.0.113.1")

        assert [envelope.network for envelope in await gateway.envelopes()] == [network]


@pytest.mark.rule("R14")
async def test_an_agent_is_cut_at_its_limit(redis_url: str) -> None:
    async with running(redis_url) as gateway:
        await one(gateway, {"user-agent": "x" * 513})
        await one(gateway, user_agent="\0" + "y" * 512)

        agents = {envelope.user_agent for envelope in await gateway.envelopes()}
        assert agents == {"x" * 512, "y" * 511}


@pytest.mark.rule("R51")
@pytest.mark.parametrize("signal", ["sec-gpc", "dnt"])
@pytest.mark.parametrize("value", ["0", "", "null", "unspecified"])
async def test_only_a_signal_that_says_so_asks_for_privacy(redis_url: str, signal: str, value: str) -> None:
    async with running(redis_url) as gateway:
        assert (await one(gateway, {signal: value}, visitor_id="v")).visitor_id == "v"


@pytest.mark.rule("R51")
async def test_a_server_passes_on_the_signal_of_its_visitor(redis_url: str) -> None:
    async with running(redis_url) as gateway:
        event = await one(gateway, {"sec-gpc": "1", **bearer(gateway)}, visitor_id="v")

        assert event.visitor_id != "v"


@pytest.mark.rule("R51")
async def test_without_a_signal_nobody_is_dropped_for_one(redis_url: str) -> None:
    async with running(redis_url) as gateway:
        await register(gateway, Website(website_id="site-1", gpc="drop"))

        assert (await one(gateway, visitor_id="v")).visitor_id == "v"


@pytest.mark.rule("R57")
@pytest.mark.parametrize(
    ("age", "headers", "status"),
    [
        (timedelta(days=8), {}, 202),
        (timedelta(days=8, seconds=1), {}, 400),
        (timedelta(days=-1), {}, 202),
        (timedelta(days=4000), IMPORT, 202),
    ],
    ids=["at the limit", "beyond", "ahead", "imported"],
)
async def test_an_id_may_be_as_old_as_a_duplicate_can_be_told(
    redis_url: str, age: timedelta, headers: dict[str, str], status: int
) -> None:
    async with running(redis_url) as gateway:
        headers = bearer(gateway) | headers if headers else {}
        answer = await gateway.send(PAGE | {"id": uuid7(age)}, headers=headers)

        assert (answer.status_code, answer.json().get("code")) == (status, None if status == 202 else "event_too_old")


@pytest.mark.rule("R58")
async def test_what_a_website_keeps_bounds_no_import_and_no_stranger(redis_url: str) -> None:
    async with running(redis_url) as gateway:
        await register(gateway, Website(website_id="site-1", retention_days=8))
        now = gateway.clock.now
        past = {"timestamp": (now - timedelta(days=100)).isoformat()}
        imported = await one(gateway, bearer(gateway) | IMPORT, **past)
        not_imported = await gateway.send(PAGE | past, headers=bearer(gateway) | {"x-analytics-import": "0"})
        before_time = await gateway.send(PAGE | {"timestamp": "1969-12-31T23:59:59Z"}, headers=bearer(gateway) | IMPORT)

    assert imported.timestamp == now - timedelta(days=100)
    assert [answer.json()["code"] for answer in (not_imported, before_time)] == ["timestamp_out_of_range"] * 2


@pytest.mark.rule("R10")
@pytest.mark.parametrize("absent", [" ", " null ", "undefined\n"])
async def test_space_around_nothing_makes_no_id(redis_url: str, absent: str) -> None:
    async with running(redis_url) as gateway:
        event = await one(gateway, visitor_id=absent, session_id=absent)

        assert len(event.visitor_id) == 32 and event.session_id is None


@pytest.mark.rule("R8")
async def test_what_is_measured_on_a_page_is_kept(redis_url: str) -> None:
    measures: dict[str, float] = {"lcp": 1.5, "inp": 2, "cls": 0, "fcp": 3, "ttfb": 4, "load": 5}
    async with running(redis_url) as gateway:
        event = await one(gateway, scroll_depth=40, engaged_ms=0, time_on_page=3, performance=measures)

        assert (event.scroll_depth, event.engaged_ms, event.performance) == (40, 0, measures)


@pytest.mark.rule("R5")
@pytest.mark.parametrize(
    ("fields", "source"),
    [
        ({"source": "s"}, "s"),
        ({"ref": "r"}, "r"),
        ({"source": "s", "ref": "r"}, "s"),
        ({"source": "\0", "ref": "r"}, "r"),
        ({"source": "", "ref": ""}, None),
    ],
)
async def test_a_source_goes_by_two_names(redis_url: str, fields: dict[str, str], source: str | None) -> None:
    async with running(redis_url) as gateway:
        assert (await one(gateway, None, **fields)).source == source


@pytest.mark.rule("R5")
async def test_a_referrer_may_have_space_around_it(redis_url: str) -> None:
    async with running(redis_url) as gateway:
        assert (await one(gateway, referrer=" https://a.example/b?c ")).referrer == "https://a.example/b"


@pytest.mark.rule("R11")
async def test_a_salt_that_another_gateway_makes_meanwhile_is_taken(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    others: dict[str, bytes] = {}

    async def read_late(redis: Redis, key: str) -> bytes | None:
        if key in others:
            return await read_bytes(redis, key)
        others[key] = b"of another, %04d" % len(others)
        await redis.set(key, others[key])
        return None

    monkeypatch.setattr("ingest.salts.read_bytes", read_late)
    async with connect(redis_url) as redis:
        salts = await SaltBook(redis, HeldClock()).load(Website(website_id="site-1"), NOW)

    days = [salt_key("site-1", (NOW - timedelta(days=days)).date()) for days in (0, 1)]
    assert [salts.current, salts.previous] == [others[day] for day in days]


@pytest.mark.rule("R11")
async def test_yesterdays_salts_are_not_held_for_ever(redis_url: str) -> None:
    clock, website = HeldClock(), Website(website_id="site-1")
    async with connect(redis_url) as redis:
        book = SaltBook(redis, clock)
        await book.load(website, NOW)
        held = book.held(website, NOW)
        clock.now += timedelta(days=1, seconds=AHEAD_SECONDS)
        await book.prepare()

        assert held is not None
        assert book.held(website, NOW) is None


@pytest.mark.rule("R11")
async def test_a_zone_that_this_host_does_not_know_refuses_no_event(redis_url: str) -> None:
    async with running(redis_url) as gateway:
        await register(gateway, Website(website_id="site-1", timezone="Mars/Olympus"))

        assert (await one(gateway)).previous_visitor_id is not None


@pytest.mark.rule("R60")
async def test_a_partition_tells_nothing_of_who_is_in_it(redis_url: str) -> None:
    """It is keyed, by website too: where events go differs from installation to installation."""
    origin = Origin(b"\xcb\0q\1", "203.0.113.0", "Test/1")
    async with connect(redis_url) as redis:
        found: list[list[int]] = []
        for secret in (b"a" * 32, b"b" * 32):
            await redis.set("routing_secret", secret)
            naming = Naming(redis, SaltBook(redis, HeldClock()), 1024)
            await naming.ensure_secret()
            found += [
                [naming.partition(website_id, given, origin) for given in (None, "v", "w")]
                for website_id in ("site-1", "site-2")
            ]

    assert len({number for numbers in found for number in numbers}) > 9
    assert all(0 <= number < 1024 for numbers in found for number in numbers)
