"""A 202 means durable: group commit, back-pressure, and a server that is killed under load (SPEC R59)."""

import asyncio
import gc
import signal
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis

from ingest.connection import connect
from ingest.lane import Lane, Parcel
from ingest.metrics import IngestMetrics
from ingest.parse import ClientEvent
from ingest.publish import Publisher
from shared.errors import AppError
from shared.jobs import stop_jobs
from shared.stream import stream_key
from tests.ingest.gateway import BATCH, running
from tests.ingest.own_valkey import own_valkey

PAGE = {"website_id": "site-1", "page": "/a"}
DEADLINE_SECONDS = 20.0
# Every test here speaks to a Redis, though some to one of their own.
pytestmark = pytest.mark.usefixtures("redis_url")


def publisher_to(
    client: Redis, max_pending_bytes: int = 10_000_000, partitions: Iterable[int] = (0,)
) -> tuple[Publisher, Lane]:
    """A publisher, and its lane, which is not running yet."""
    metrics = IngestMetrics(CollectorRegistry())
    lane = Lane(client.connection_pool, metrics)
    return Publisher(dict.fromkeys(partitions, lane), [lane], metrics, max_pending_bytes), lane


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 -- the condition is the gateway's, which knows no event of ours
        await asyncio.sleep(0.005)


@pytest.mark.rule("R59")
async def test_no_acknowledged_event_is_lost_when_redis_is_killed(tmp_path: Path) -> None:
    with own_valkey(tmp_path) as valkey:
        async with running(valkey.url) as gateway:
            acknowledged: list[str] = []
            refused = 0

            async def load(until: asyncio.Event) -> None:
                nonlocal refused
                while not until.is_set():
                    answer = await gateway.send(PAGE)
                    assert answer.status_code in {202, 503}
                    if answer.status_code == 202:
                        acknowledged.append(answer.json()["id"])
                    else:
                        refused += 1
                        assert 5 <= int(answer.headers["retry-after"]) <= 30

            done = asyncio.Event()
            senders = [asyncio.create_task(load(done)) for _ in range(16)]
            async with asyncio.timeout(DEADLINE_SECONDS):
                for _ in range(2):
                    before = len(acknowledged)
                    await until(lambda before=before: len(acknowledged) >= before + 50)
                    refusals = refused
                    valkey.stop(signal.SIGKILL)
                    await until(lambda refusals=refusals: refused > refusals)
                    await asyncio.to_thread(valkey.start)
                before = len(acknowledged)
                await until(lambda: len(acknowledged) > before)
                done.set()
                await asyncio.gather(*senders)
            stored = {str(event.id) for event in await gateway.stored()}

            assert set(acknowledged) <= stored


@pytest.mark.rule("R59")
async def test_redis_that_is_full_is_answered_503_and_recovers(tmp_path: Path) -> None:
    with own_valkey(tmp_path) as valkey:
        async with running(valkey.url) as gateway:
            assert (await gateway.send(PAGE)).status_code == 202
            await gateway.redis.config_set("maxmemory", "1")
            full = await gateway.send([PAGE], BATCH)
            ready = await gateway.client.get("/ready")
            await gateway.redis.config_set("maxmemory", "0")
            async with asyncio.timeout(DEADLINE_SECONDS):
                while (await gateway.send(PAGE)).status_code != 202:  # noqa: ASYNC110 -- its answer is the condition
                    await asyncio.sleep(0.05)

            assert (full.status_code, full.json()["code"]) == (503, "unavailable")
            assert ready.status_code in {200, 503}


async def test_what_arrives_meanwhile_is_one_entry(redis_url: str) -> None:
    async with connect(redis_url) as client:
        publisher, lane = publisher_to(client)
        flying = asyncio.create_task(lane.run())
        # Redis holds back its reply to the first: all the others wait for it, and go together.
        await client.client_pause(200, all=False)
        first = asyncio.create_task(publisher.publish([Parcel(0, b"first", 1)]))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        others = [asyncio.create_task(publisher.publish([Parcel(0, b"%d" % i, 1)])) for i in range(100)]
        others[7].cancel()
        results = await asyncio.gather(first, *others, return_exceptions=True)
        entries = await client.xrange(stream_key(0))
        flying.cancel()

        assert [
            result for result in results if result is not None and not isinstance(result, asyncio.CancelledError)
        ] == []
        assert len(entries or ()) == 2
        assert publisher.pending_bytes == 0


@pytest.mark.rule("R59")
async def test_who_goes_away_while_it_waits_takes_nobody_along(redis_url: str) -> None:
    async with connect(redis_url) as client, asyncio.timeout(DEADLINE_SECONDS):
        publisher, lane = publisher_to(client)
        gone, stays = (asyncio.create_task(publisher.publish([Parcel(0, name, 1)])) for name in (b"gone", b"stays"))
        await until(lambda: publisher.pending_bytes == len(b"gone" + b"stays"))
        gone.cancel()
        await asyncio.sleep(0)
        flying = asyncio.create_task(lane.run())
        await stays
        await publisher.publish([Parcel(0, b"later", 1)])
        entries = await client.xrange(stream_key(0))
        flying.cancel()

        assert [fields for _, fields in entries or ()] == [{b"0": b"gone", b"1": b"stays"}, {b"0": b"later"}]
        assert publisher.pending_bytes == 0


async def test_decoded_events_are_let_go_of_while_redis_is_waited_for(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[int] = []
    publish = Publisher.publish

    async def counting(publisher: Publisher, parcels: Sequence[Parcel]) -> None:
        held.append(sum(type(found) is ClientEvent for found in gc.get_objects()))
        await publish(publisher, parcels)

    monkeypatch.setattr(Publisher, "publish", counting)
    events = [{**PAGE, "properties": {"number": number}} for number in range(100)]
    async with running(redis_url) as gateway:
        assert (await gateway.send({"events": events}, BATCH)).json()["accepted"] == 100

    # The last one may still be looked at.
    assert held[0] <= 1


async def test_entry_is_bounded(redis_url: str) -> None:
    async with connect(redis_url) as client:
        publisher, lane = publisher_to(client)
        flying = asyncio.create_task(lane.run())
        await publisher.publish([Parcel(0, b"x" * 700_000, 1)] * 3 + [Parcel(0, b"y", 3000)] * 3)
        entries = await client.xrange(stream_key(0))
        flying.cancel()

        # 3 of 700 kB, no two of which fit into 1 MiB; the third takes one of 3000 events along.
        assert [len(fields) for _, fields in entries or () if fields] == [1, 1, 2, 1, 1]


async def test_bytes_waiting_are_bounded(redis_url: str) -> None:
    async with connect(redis_url) as client, asyncio.timeout(DEADLINE_SECONDS):
        publisher, lane = publisher_to(client, max_pending_bytes=10)

        with pytest.raises(AppError) as refused:
            await publisher.publish([Parcel(0, b"x" * 5, 1), Parcel(0, b"x" * 6, 1)])
        # Nothing flies yet: these wait.
        waiting = asyncio.create_task(publisher.publish([Parcel(0, b"x" * 6, 1)]))
        await asyncio.sleep(0)
        with pytest.raises(AppError) as beside:
            await publisher.publish([Parcel(0, b"x" * 5, 1)])
        last = asyncio.create_task(publisher.publish([Parcel(0, b"x" * 4, 1)]))
        flying = asyncio.create_task(lane.run())
        await asyncio.gather(waiting, last)
        flying.cancel()

        assert [refused.value.status, beside.value.status] == [503, 503]
        assert len(await client.xrange(stream_key(0)) or ()) == 1


@pytest.mark.rule("R59")
async def test_one_part_that_is_refused_is_a_refusal_of_the_whole(redis_url: str) -> None:
    async with connect(redis_url) as client:
        publisher, lane = publisher_to(client, partitions=(0, 1, 2))
        # A server that refuses.
        await client.set(stream_key(1), "no stream")
        flying = asyncio.create_task(lane.run())

        with pytest.raises(AppError) as refused:
            await publisher.publish([Parcel(partition, b"x", 1) for partition in (0, 1, 2)])
        # The others are neither held up nor taken for refused.
        await publisher.publish([Parcel(2, b"x", 1)])
        flying.cancel()

        assert refused.value.status == 503
        assert publisher.pending_bytes == 0


@pytest.mark.rule("R59")
async def test_a_server_that_does_not_answer_refuses_all_that_wait_for_it(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.lane.FLIGHT_SECONDS", 0.05)
    async with connect(redis_url) as client, asyncio.timeout(DEADLINE_SECONDS):
        publisher, lane = publisher_to(client)
        flying = asyncio.create_task(lane.run())
        await client.client_pause(60_000, all=False)
        first = asyncio.create_task(publisher.publish([Parcel(0, b"first", 1)]))
        await until(lambda: publisher.pending_bytes > 0)
        others = [asyncio.create_task(publisher.publish([Parcel(0, b"other", 1)])) for _ in range(3)]
        results = await asyncio.gather(first, *others, return_exceptions=True)
        waiting = publisher.pending_bytes
        await client.client_unpause()
        # A busy machine needs longer than that.
        monkeypatch.undo()
        await publisher.publish([Parcel(0, b"later", 1)])
        flying.cancel()

        assert [isinstance(result, AppError) and result.status for result in results] == [503] * 4
        assert (waiting, publisher.pending_bytes) == (0, 0)


@pytest.mark.rule("R59")
async def test_a_restart_between_two_events_costs_neither(tmp_path: Path) -> None:
    with own_valkey(tmp_path) as valkey:
        async with connect(valkey.url) as client, asyncio.timeout(DEADLINE_SECONDS):
            publisher, lane = publisher_to(client)
            flying = asyncio.create_task(lane.run())
            await publisher.publish([Parcel(0, b"before", 1)])
            valkey.stop(signal.SIGKILL)
            await asyncio.to_thread(valkey.start)
            await publisher.publish([Parcel(0, b"after", 1)])
            flying.cancel()

            assert await client.xlen(stream_key(0)) == 2


@pytest.mark.rule("R59")
async def test_the_next_flight_goes_where_the_partition_is_now(redis_url: str, tmp_path: Path) -> None:
    with own_valkey(tmp_path) as valkey:
        async with connect(redis_url) as before, connect(valkey.url) as after:
            metrics = IngestMetrics(CollectorRegistry())
            lanes = [Lane(client.connection_pool, metrics) for client in (before, after)]
            lane_of = dict.fromkeys([0, 1], lanes[0])
            publisher = Publisher(lane_of, lanes, metrics, 3)
            # Nothing flies yet: these wait.
            parcels = asyncio.create_task(publisher.publish([Parcel(0, b"x", 1), Parcel(1, b"x", 1)]))
            await asyncio.sleep(0)
            lane_of[0] = lanes[1]
            moved = asyncio.create_task(publisher.publish([Parcel(0, b"x", 1)]))
            await asyncio.sleep(0)
            waiting = publisher.pending_bytes
            flying = [asyncio.create_task(lane.run()) for lane in lanes]
            await asyncio.gather(parcels, moved)
            await stop_jobs(flying)

            assert waiting == 3
            entries = [[await client.xlen(stream_key(number)) for number in (0, 1)] for client in (before, after)]
            assert entries == [[1, 1], [1, 0]]
