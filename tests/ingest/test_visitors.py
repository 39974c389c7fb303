"""Who sent an event, on the running application: ids, salts, addresses, privacy signals."""

import socket
from datetime import timedelta

import pytest

from ingest.connection import connect
from ingest.salts import SaltBook
from shared.registry import Website
from tests.ingest.gateway import BATCH, NOW, HeldClock, running, stream_payloads
from tests.ingest.sending import CHROME, PAGE, bearer, one, register


@pytest.mark.rule("R10")
@pytest.mark.parametrize("absent", ["", "null", "undefined", "0", "[object Object]", None])
async def test_visitor_id_is_derived_when_none_is_given(redis_url: str, absent: str | None) -> None:
    async with running(redis_url) as gateway:
        derived = await one(gateway, visitor_id=absent)
        given = await one(gateway, visitor_id="v-1")

        assert len(bytes.fromhex(derived.visitor_id)) == 16
        assert (given.visitor_id, given.previous_visitor_id) == ("v-1", None)


@pytest.mark.rule("R10")
async def test_derived_id_tells_website_address_agent_and_domain_apart(redis_url: str) -> None:
    async with running(redis_url, environ={"TRUSTED_PROXIES": "198.51.100.0/24"}) as gateway:
        ids = [
            (await one(gateway)).visitor_id,
            (await one(gateway, website_id="site-2")).visitor_id,
            (await one(gateway, {"x-forwarded-for": "203.0.113.1"})).visitor_id,
            (await one(gateway, {"x-forwarded-for": "203.0.113.2"})).visitor_id,
            (await one(gateway, {"x-forwarded-for": "2001:db8::1"})).visitor_id,
            (await one(gateway, {"x-forwarded-for": "2001:db8::2"})).visitor_id,
            (await one(gateway, {"user-agent": CHROME})).visitor_id,
            (await one(gateway, hostname="a.example.com")).visitor_id,
        ]
        again = (await one(gateway, hostname="b.example.com")).visitor_id

        assert len(set(ids)) == len(ids)
        assert again == ids[-1]


@pytest.mark.rule("R11")
async def test_salt_is_random_kept_48_hours_and_shared_by_gateways(redis_url: str) -> None:
    async with running(redis_url) as gateway:
        first = await one(gateway)
        salt = await gateway.redis.get("salt:site-1:2026-03-02")
        lifetime = await gateway.redis.pttl("salt:site-1:2026-03-02")
    async with running(redis_url) as restarted:
        second = await one(restarted)

    assert salt is not None and len(salt) == 16
    assert 47 * 3600 * 1000 < lifetime <= 48 * 3600 * 1000
    assert first.visitor_id == second.visitor_id


@pytest.mark.rule("R11")
@pytest.mark.parametrize(("time", "is_made"), [("21:59", False), ("22:00", True), ("22:59", True), ("23:00", False)])
async def test_tomorrows_salt_is_made_an_hour_before_local_midnight(
    redis_url: str, time: str, *, is_made: bool
) -> None:
    clock = HeldClock()
    async with connect(redis_url) as redis:
        book = SaltBook(redis, clock)
        await book.load(Website(website_id="site-1", timezone="Europe/Berlin"), clock())
        hour, minute = map(int, time.split(":"))
        clock.now = NOW.replace(hour=hour, minute=minute)

        await book.prepare()

        assert await redis.exists("salt:site-1:2026-03-03") == is_made


@pytest.mark.rule("R12")
async def test_yesterdays_id_comes_along_after_local_midnight(redis_url: str) -> None:
    clock = HeldClock(NOW.replace(hour=22, minute=59))
    async with running(redis_url, clock=clock, environ={"ALLOW_UNREGISTERED_SITES": "false"}) as gateway:
        await register(gateway, Website(website_id="site-1", timezone="Europe/Berlin"))
        before = await one(gateway)
        clock.now += timedelta(minutes=1)
        after = await one(gateway)

        assert after.visitor_id != before.visitor_id
        assert after.previous_visitor_id == before.visitor_id


@pytest.mark.rule("R12")
@pytest.mark.parametrize("hours", [(23, 25), (25, 23)], ids=["in order", "shuffled"])
async def test_days_of_an_import_may_come_in_any_order(redis_url: str, hours: tuple[int, int]) -> None:
    async with running(redis_url) as gateway:
        midnight = NOW.replace(hour=0) - timedelta(days=30)
        times = [midnight + timedelta(hours=hour) for hour in hours]
        events = [PAGE | {"ip_address": "203.0.113.1", "timestamp": time.isoformat()} for time in times]
        headers = bearer(gateway) | {"x-analytics-import": "1"}
        assert (await gateway.send(events, BATCH, headers=headers)).json()["accepted"] == 2
        before, after = sorted(await gateway.stored(), key=lambda event: event.timestamp)

        assert after.visitor_id != before.visitor_id
        assert after.previous_visitor_id == before.visitor_id


@pytest.mark.rule("R13")
async def test_session_id_is_passed_on(redis_url: str) -> None:
    async with running(redis_url) as gateway:
        assert (await one(gateway, session_id="s-1")).session_id == "s-1"
        assert (await one(gateway, session_id="null")).session_id is None


@pytest.mark.rule("R14")
@pytest.mark.parametrize(
    ("environ", "role", "network", "agent"),
    [
        ({"ENVIRONMENT": "production"}, None, "198.51.100.0", "Test/1"),
        ({"ENVIRONMENT": "production"}, "owner", "203.0.113.0", CHROME),
        ({"ENVIRONMENT": "production", "TRUSTED_PROXIES": "198.51.100.7/32"}, None, "203.0.113.0", CHROME),
        ({"ENVIRONMENT": "development"}, None, "203.0.113.0", CHROME),
    ],
    ids=["stranger", "key", "trusted", "development"],
)
async def test_body_address_counts_only_from_those_who_may(
    redis_url: str, environ: dict[str, str], role: str | None, network: str, agent: str
) -> None:
    async with running(redis_url, environ=environ | {"ALLOW_UNREGISTERED_SITES": "true"}) as gateway:
        await one(gateway, bearer(gateway) if role else None, ip_address="203.0.113.77", user_agent=CHROME)
        (envelope,) = await gateway.envelopes()

        assert (envelope.network, envelope.user_agent) == (network, agent)


@pytest.mark.rule("R14")
@pytest.mark.parametrize(("text", "packed"), [("203.0.113.77", "cb00714d"), ("2001:db8::77", None)])
async def test_no_address_is_in_the_streams_or_the_log(
    redis_url: str, capfd: pytest.CaptureFixture[str], text: str, packed: str | None
) -> None:
    raw = bytes.fromhex(packed) if packed else socket.inet_pton(socket.AF_INET6, text)
    async with running(redis_url, peer=text) as gateway:
        await one(gateway, ip_address=text)
        await gateway.send([1], headers={"x-forwarded-for": text})
        held = [await gateway.redis.dump(key) for key in await gateway.redis.keys("*")]

    logged = "".join(capfd.readouterr())
    assert held and not any(text.encode() in value or raw in value for value in held if value)
    assert text not in logged


@pytest.mark.rule("R51")
@pytest.mark.parametrize("signal", ["sec-gpc", "dnt"])
async def test_privacy_signal_does_what_the_website_chose(redis_url: str, signal: str) -> None:
    async with running(redis_url, environ={"ALLOW_UNREGISTERED_SITES": "false"}) as gateway:
        await register(
            gateway,
            Website(website_id="site-1"),
            Website(website_id="ignores", gpc="ignore"),
            Website(website_id="drops", gpc="drop"),
        )
        derived = await one(gateway, {signal: "1"}, visitor_id="v", session_id="s")
        ignored = await one(gateway, {signal: "1"}, visitor_id="v", website_id="ignores")
        dropped = await gateway.send(PAGE | {"website_id": "drops"}, headers={signal: "1"})

        assert derived.visitor_id != "v" and derived.session_id is None
        assert ignored.visitor_id == "v"
        assert (dropped.status_code, dropped.headers["x-analytics-dropped"]) == (202, "gpc")


@pytest.mark.rule("R10")
@pytest.mark.parametrize("role", [None, "owner"])
async def test_a_cookieless_website_takes_no_id_of_anybody(redis_url: str, role: str | None) -> None:
    async with running(redis_url) as gateway:
        await register(
            gateway,
            Website(website_id="site-1", identity="derived"),
            Website(website_id="given"),
            Website(website_id="persistent", identity="persistent"),
        )
        headers = bearer(gateway) if role else None
        events = [
            await one(gateway, headers, website_id=website_id, visitor_id="v", session_id="s")
            for website_id in ("site-1", "given", "persistent")
        ]

        assert events[0].visitor_id != "v" and events[0].previous_visitor_id and events[0].session_id is None
        assert [(event.visitor_id, event.session_id) for event in events[1:]] == [("v", "s"), ("v", "s")]


@pytest.mark.rule("R56")
async def test_events_of_excluded_networks_are_dropped_by_the_address_that_counts(redis_url: str) -> None:
    environ = {"ENVIRONMENT": "production", "TRUSTED_PROXIES": "198.51.100.7/32", "ALLOW_UNREGISTERED_SITES": "true"}
    async with running(redis_url, environ=environ) as gateway:
        await register(
            gateway, Website(website_id="site-1", excluded_networks=("203.0.113.0/24", "2001:db8::/32", "198.51.100.7"))
        )
        before = len(await gateway.stored())

        async def outcome(headers: dict[str, str], **fields: object) -> str | None:
            answer = await gateway.send(PAGE | fields, headers=headers)
            assert answer.status_code == 202
            return answer.headers.get("x-analytics-dropped")

        key = bearer(gateway)
        outcomes = [
            await outcome({"x-forwarded-for": "203.0.113.77"}),
            await outcome({"x-forwarded-for": "::ffff:203.0.113.77"}),
            await outcome({"x-forwarded-for": "2001:db8:1::1"}),
            await outcome({}),
            await outcome(key, ip_address="203.0.113.1"),
            await outcome({"x-forwarded-for": "203.0.114.1"}),
            await outcome({"x-forwarded-for": "203.0.113.1"}, website_id="other"),
            await outcome(key, ip_address="192.0.2.1"),
            # A server is not its visitors.
            await outcome({"x-forwarded-for": "203.0.113.1", **key}, ip_address="192.0.2.1"),
        ]
        stored = len(await gateway.stored()) - before

    assert (outcomes, stored) == ([*["excluded_ip"] * 5, None, None, None, None], 4)


@pytest.mark.rule("R58")
async def test_a_server_may_send_events_as_old_as_the_website_keeps_them(redis_url: str) -> None:
    async with running(redis_url) as gateway:
        await register(gateway, Website(website_id="site-1", retention_days=20))
        sent = {"timestamp": (gateway.clock.now - timedelta(days=21)).isoformat()}

        own = await gateway.send(PAGE | sent, headers=bearer(gateway))
        other = await gateway.send(PAGE | sent | {"website_id": "other"}, headers=bearer(gateway))

        assert (own.status_code, own.json()["code"]) == (400, "timestamp_out_of_range")
        assert other.status_code == 202


@pytest.mark.rule("R60")
async def test_all_events_of_a_visitor_go_to_one_partition(redis_url: str) -> None:
    clock = HeldClock(NOW.replace(hour=23, minute=59))
    async with running(redis_url, clock=clock) as gateway:
        for _ in range(3):
            await gateway.send(PAGE)
            clock.now += timedelta(minutes=1)

        assert len({partition for partition, _ in await stream_payloads(gateway.redis)}) == 1


@pytest.mark.rule("R60")
async def test_a_visitor_with_an_id_goes_to_one_partition_from_everywhere(redis_url: str) -> None:
    async with running(redis_url, environ={"TRUSTED_PROXIES": "198.51.100.0/24"}) as gateway:
        for number in range(12):
            await gateway.send(PAGE | {"visitor_id": "v"}, headers={"x-forwarded-for": f"203.0.113.{number}"})

        assert len({partition for partition, _ in await stream_payloads(gateway.redis)}) == 1
