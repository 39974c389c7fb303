"""The Redis of the cache makes answers cheaper; no state it can be in makes them wrong or fail."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import msgspec
import pytest
import redis

from tests.queryapi.rig import Hit, at, running, settings_for, store, vector
from tests.queryapi.test_answers import CLOSED, DASHBOARD, is_kept, metric

FAILURES = "query_cache_redis_failures_total"


async def test_processes_share_answers_until_an_event_ends_them(database: str, redis_url: str) -> None:
    store(database, vector())
    settings = settings_for(database, CACHE_REDIS_URL=redis_url)

    async with running(settings) as one, running(settings) as other:
        first = await one.get(DASHBOARD, CLOSED)
        kept = await other.get(DASHBOARD, CLOSED)
        sources = [await metric(api, 'query_answers_total{source="redis"}') for api in (one, other)]
        store(database, [Hit(at=at("08:00:00"), session="late", visitor="late")])
        after = [await api.get(DASHBOARD, CLOSED) for api in (other, one)]
    with redis.Redis.from_url(redis_url) as client:
        lives = [msgspec.convert(client.pttl(name), int) for name in kept_in(client)]

    assert (is_kept(first), is_kept(kept)) == (False, True)
    assert sources == [0, 1]
    assert first.headers["etag"] == kept.headers["etag"]
    assert [is_kept(reply) for reply in after] == [False, True]
    assert after[0].body["metrics"]["page_views"] == first.body["metrics"]["page_views"] + 1
    assert lives and all(0 < life <= 300_000 for life in lives)


def _emptied(_: bytes) -> bytes:
    return b""


def _foreign(_: bytes) -> bytes:
    return b"\xff" * 500


def _cut(value: bytes) -> bytes:
    return value[:-1]


def _flipped(value: bytes) -> bytes:
    return value.replace(b'"page_views":', b'"page_view5":')


@pytest.mark.parametrize("spoil", [_emptied, _foreign, _cut, _flipped])
async def test_what_nobody_signed_is_no_answer(database: str, redis_url: str, spoil: Callable[[bytes], bytes]) -> None:
    store(database, vector())
    settings = settings_for(database, CACHE_REDIS_URL=redis_url)

    async with running(settings) as api:
        first = await api.get(DASHBOARD, CLOSED)
    with redis.Redis.from_url(redis_url) as client:
        for name, value in kept_in(client).items():
            client.set(name, spoil(value))
    async with running(settings) as api:
        again = await api.get(DASHBOARD, CLOSED)

    assert not is_kept(again)
    assert again.body == first.body


async def test_an_answer_to_another_question_is_none(database: str, redis_url: str) -> None:
    store(database, vector())
    settings = settings_for(database, CACHE_REDIS_URL=redis_url)

    async with running(settings) as api:
        await api.get(DASHBOARD, CLOSED)
        await api.get(f"{DASHBOARD}/pages", CLOSED)
    with redis.Redis.from_url(redis_url) as client:
        (one, one_value), (other, other_value) = kept_in(client).items()
        client.mset({one: other_value, other: one_value})
    async with running(settings) as api:
        replies = [await api.get(path, CLOSED) for path in (DASHBOARD, f"{DASHBOARD}/pages")]

    assert not any(is_kept(reply) for reply in replies)


@pytest.mark.parametrize("is_stopped", [True, False], ids=["stopped", "silent"])
async def test_a_redis_that_stops_midway_changes_no_answer(database: str, redis_url: str, is_stopped: bool) -> None:
    store(database, vector())

    async with Wire.to(redis_url) as wire, running(settings_for(database, CACHE_REDIS_URL=wire.url)) as api:
        before = await api.get(DASHBOARD, CLOSED)
        healthy = await metric(api, FAILURES)
        await wire.cut(is_stopped=is_stopped)
        replies = [await api.get(DASHBOARD, f"{CLOSED}&utm_limit={limit}") for limit in range(1, 20)]
        failures = await metric(api, FAILURES)

    assert before.status == 200 and healthy == 0
    assert {reply.status for reply in replies} == {200}
    # It is left alone: not every question waits for it.
    assert 0 < failures < len(replies)


async def test_one_process_writes_no_more_than_its_share(database: str, redis_url: str) -> None:
    store(database, vector())
    limit = 40_000

    async with running(settings_for(database, CACHE_REDIS_URL=redis_url, CACHE_BYTES=str(limit))) as api:
        for day in range(1, 31):
            await api.get(DASHBOARD, f"from=2026-01-{day:02}&to=2026-01-{day:02}")
    with redis.Redis.from_url(redis_url) as client:
        sizes = [len(value) for value in kept_in(client).values()]

    assert limit / 4 < sum(sizes) <= limit
    assert len(sizes) < 30


def kept_in(client: redis.Redis) -> dict[bytes, bytes]:
    """Every answer in a Redis, by name."""
    names = msgspec.convert(client.keys("cache:*"), list[bytes])
    return dict(zip(names, msgspec.convert(client.mget(names), list[bytes]), strict=True))


class Wire:
    """A line to a Redis that can be cut, or fall silent."""

    def __init__(self, redis_url: str) -> None:
        self._parts = urlsplit(redis_url)
        self._lines: list[asyncio.StreamWriter] = []
        self._server: asyncio.Server | None = None
        self._is_silent = False
        self.url = ""

    @classmethod
    @asynccontextmanager
    async def to(cls, redis_url: str) -> AsyncGenerator["Wire"]:
        wire = cls(redis_url)
        wire._server = await asyncio.start_server(wire._connect, "127.0.0.1", 0)
        port = wire._server.sockets[0].getsockname()[1]
        user = wire._parts.netloc.rpartition("@")[0]
        wire.url = f"redis://{f'{user}@' if user else ''}127.0.0.1:{port}/0"
        try:
            yield wire
        finally:
            await wire.cut(is_stopped=True)

    async def cut(self, *, is_stopped: bool) -> None:
        self._is_silent = True
        if is_stopped and self._server is not None:
            self._server.close()
            for line in self._lines:
                line.close()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._parts.scheme == "unix":
            there, back = await asyncio.open_unix_connection(self._parts.path)
        else:
            there, back = await asyncio.open_connection(self._parts.hostname, self._parts.port)
        self._lines += [writer, back]
        await asyncio.gather(self._carry(reader, back), self._carry(there, writer))

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while content := await reader.read(65_536):
            if not self._is_silent:
                writer.write(content)
