"""When nothing may be accepted, and what a 202 is said to be worth (SPEC R59)."""

import asyncio
import json
import signal
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis
from starlette.requests import Request

from ingest.backlog import Backlog
from ingest.connection import connect
from ingest.metrics import IngestMetrics
from ingest.publish import Publisher
from ingest.status import Status
from shared.settings import read_settings
from shared.stream import CONSUMER_GROUP, stream_key
from tests.ingest.gateway import HeldClock, RunningGateway, running
from tests.ingest.own_valkey import own_valkey
from tests.ingest.sending import PAGE, bearer
from tests.ingest.test_publish import DEADLINE_SECONDS

# Every test here speaks to a Redis of its own.
pytestmark = pytest.mark.usefixtures("redis_url")


def backlog_of(
    routes: Mapping[Redis, Sequence[int]], registry: CollectorRegistry | None = None, **environ: str
) -> Backlog:
    metrics = IngestMetrics(registry or CollectorRegistry())
    return Backlog(routes, Publisher({}, [], metrics, 1), metrics, read_settings(environ))


@asynccontextmanager
async def own_redis(directory: Path) -> AsyncGenerator[Redis]:
    with own_valkey(directory) as valkey:
        async with connect(valkey.url) as client:
            yield client


@pytest.mark.rule("R59")
@pytest.mark.parametrize(
    ("config", "environment", "durability", "reason"),
    [
        ({}, "production", "always", None),
        ({"appendfsync": "everysec"}, "production", "everysec", None),
        ({"appendfsync": "no"}, "production", "none", "not_durable"),
        ({"appendonly": "no"}, "production", "none", "not_durable"),
        ({"maxmemory-policy": "allkeys-lru"}, "production", "none", "not_durable"),
        ({"appendonly": "no"}, "development", "none", None),
    ],
)
async def test_what_keeps_nothing_is_closed_in_production(
    tmp_path: Path, config: dict[str, str], environment: str, durability: str, reason: str | None
) -> None:
    async with own_redis(tmp_path) as client:
        for name, value in config.items():
            await client.config_set(name, value)
        backlog = backlog_of({client: [0]}, ENVIRONMENT=environment)

        await backlog.check()

        assert (backlog.durability, backlog.closed_because) == (durability, reason)


@pytest.mark.rule("R59")
async def test_it_is_closed_from_the_limit_of_all_streams_until_they_are_shorter(tmp_path: Path) -> None:
    async with own_redis(tmp_path) as client:
        registry = CollectorRegistry()
        backlog = backlog_of({client: [0, 1]}, registry, MAX_BACKLOG="3")
        reasons: list[str | None] = []
        lengths: list[float | None] = []
        for partition in (0, 1, 0):
            await client.xadd(stream_key(partition), {"0": "x"})
            await backlog.check()
            reasons.append(backlog.closed_because)
            lengths.append(registry.get_sample_value("stream_length"))
        await client.xtrim(stream_key(0), maxlen=1, approximate=False)
        await backlog.check()

        assert [*reasons, backlog.closed_because] == [None, None, "backlog", None]
        assert lengths == [1, 2, 3]


@pytest.mark.rule("R59")
@pytest.mark.parametrize(("share", "reason"), [(0.5, None), (0.9, "memory")])
async def test_it_is_closed_while_workers_still_have_memory(tmp_path: Path, share: float, reason: str | None) -> None:
    async with own_redis(tmp_path) as client:
        used = (await client.info("memory"))["used_memory"]
        await client.config_set("maxmemory", int(used / share))
        backlog = backlog_of({client: [0]})

        await backlog.check()

        assert backlog.closed_because == reason


@pytest.mark.rule("R59")
async def test_a_gateway_that_starts_beside_full_memory_knows_why_it_is_closed(tmp_path: Path) -> None:
    async with own_redis(tmp_path) as client:
        await client.config_set("maxmemory", "1")
        backlog = backlog_of({client: [0]})
        await backlog.check()
        full = (backlog.is_reachable, backlog.closed_because)
        await client.config_set("maxmemory", "0")
        await backlog.check()

        assert (full, backlog.closed_because) == ((True, "memory"), None)
        assert len(await client.xinfo_groups(stream_key(0))) == 1


@pytest.mark.rule("R59")
async def test_of_two_servers_the_weaker_counts_and_either_is_reason_to_close(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    first, second = (tmp_path_factory.mktemp("server") for _ in range(2))
    async with own_redis(first) as strong, own_redis(second) as weak:
        await weak.config_set("appendfsync", "everysec")
        backlog = backlog_of({strong: [0], weak: [1]}, ENVIRONMENT="production")
        await backlog.check()
        before = backlog.closed_because
        await weak.config_set("maxmemory", "1")
        await backlog.check()

        assert (backlog.durability, before, backlog.closed_because) == ("everysec", None, "memory")


@pytest.mark.rule("R59")
async def test_a_server_that_tells_nothing_of_itself_is_asked_again(tmp_path: Path) -> None:
    async with own_redis(tmp_path) as client:
        backlog = backlog_of({client: [0]}, ENVIRONMENT="production")
        found: list[object] = []
        for rights in ("-config", "+config"):
            await client.execute_command("ACL", "SETUSER", "default", rights)
            await backlog.check()
            found.append((backlog.durability, backlog.closed_because))

        assert found == [("unknown", None), ("always", None)]


@pytest.mark.rule("R59")
async def test_no_entry_is_before_the_group_that_reads_it(tmp_path: Path) -> None:
    async with own_redis(tmp_path) as client:
        backlog = backlog_of({client: [0, 1]})
        await client.xadd(stream_key(0), {"0": "x"})
        await client.xgroup_create(stream_key(1), CONSUMER_GROUP, id="0", mkstream=True)

        await backlog.check()

        groups = [await client.xinfo_groups(stream_key(partition)) for partition in (0, 1)]
        assert [[(group["name"], group["last-delivered-id"]) for group in found] for found in groups] == [
            [(CONSUMER_GROUP.encode(), b"0-0")]
        ] * 2


@pytest.mark.rule("R59")
@pytest.mark.parametrize(
    ("environment", "status", "error"), [("production", 503, "not_durable"), ("development", 202, None)]
)
async def test_a_closed_gateway_takes_nothing_and_says_why(
    tmp_path: Path, environment: str, status: int, error: str | None
) -> None:
    environ = {"ENVIRONMENT": environment, "ALLOW_UNREGISTERED_SITES": "true"}
    with own_valkey(tmp_path) as valkey:
        async with connect(valkey.url) as client:
            await client.config_set("appendonly", "no")
        async with running(valkey.url, environ=environ) as gateway:
            await until_looked_at(gateway)
            answer = await gateway.send(PAGE)
            ready = await gateway.client.get("/ready")
            metrics = (await gateway.client.get("/metrics", headers=bearer(gateway))).text
            stored = len(await gateway.stored())

    assert (answer.status_code, "retry-after" in answer.headers) == (status, status == 503)
    assert (ready.status_code, ready.json().get("error")) == (503 if error else 200, error)
    assert stored == (status == 202)
    assert ('publish_refused_total{reason="not_durable"} 1.0' in metrics) == (status == 503)


@pytest.mark.rule("R59")
async def test_without_its_redis_a_gateway_is_not_ready(tmp_path: Path) -> None:
    with own_valkey(tmp_path) as valkey:
        async with running(valkey.url) as gateway:
            await until_looked_at(gateway)
            before = await gateway.client.get("/ready")
            valkey.stop(signal.SIGKILL)
            after = await gateway.client.get("/ready")

    assert (before.status_code, before.json()["status"]) == (200, "ready")
    assert (after.status_code, after.json()["error"]) == (503, "redis connection failed")


@pytest.mark.rule("R59")
async def test_while_no_server_of_the_streams_answers_a_gateway_is_not_ready(redis_url: str, tmp_path: Path) -> None:
    with own_valkey(tmp_path) as valkey:
        async with connect(redis_url) as beside, connect(valkey.url) as client:
            backlog = backlog_of({client: [0]})
            status = Status(beside, HeldClock(), backlog, CollectorRegistry(), None)
            await backlog.check()
            before = await status.ready(Request({"type": "http"}))
            valkey.stop(signal.SIGKILL)
            await backlog.check()
            after = await status.ready(Request({"type": "http"}))

    assert (before.status_code, after.status_code) == (200, 503)
    assert json.loads(bytes(after.body))["error"] == "streams do not answer"


async def until_looked_at(gateway: RunningGateway) -> None:
    async with asyncio.timeout(DEADLINE_SECONDS):
        while (await gateway.client.get("/health")).json()["durability"] == "unknown":  # noqa: ASYNC110 -- its answer is the condition
            await asyncio.sleep(0.01)
