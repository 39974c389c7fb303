"""The deadlines and limits of one connection, with an application of the test's own behind it."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.bounded_protocol import MAX_HEADER_BYTES, MAX_WAITING, BoundedProtocol
from shared.server import server_config

START = b"POST /api/v1/analytics/event HTTP/1.1\r\nHost: x\r\n"


class Reader:
    """Reads until there is no more to come, and has nothing to say."""

    async def __call__(self, _scope: Scope, receive: Receive, _send: Send) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass


class Hasty(BoundedProtocol):
    header_seconds = body_seconds = 0.05


@pytest.mark.parametrize(
    "begun",
    [b"", b"POST / HT", START + b"Content-Length: 9\r\n\r\n{"],
    ids=["B38 silent", "half a header", "half a body"],
)
async def test_request_that_does_not_arrive_is_cut_off(begun: bytes) -> None:
    app = Starlette(routes=[Route("/api/v1/analytics/event", Reader())])
    async with serving(app) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(begun)

        assert (await reader.read()).startswith(b"HTTP/1.1 408 ")
        writer.close()


@asynccontextmanager
async def serving(app: ASGIApp, protocol: type[BoundedProtocol] = Hasty) -> AsyncGenerator[int]:
    """The port that `app` is served on, until it has been shut down in order."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = int(listener.getsockname()[1])
        server = uvicorn.Server(server_config(app, "127.0.0.1", port, protocol))
        running = asyncio.create_task(server.serve([listener]))
        async with asyncio.timeout(20):
            # uvicorn tells that it listens by a flag alone.
            while not server.started:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
            yield port
            server.should_exit = True
            await running


async def test_who_asks_for_more_than_can_wait_is_answered_so_much_and_no_more() -> None:
    begun, release = asyncio.Event(), asyncio.Event()

    async def answer(_request: Request) -> Response:
        begun.set()
        await release.wait()
        return Response("ok")

    async with serving(Starlette(routes=[Route("/", answer)]), BoundedProtocol) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 1000)
        await begun.wait()
        release.set()

        received = await reader.read()
        assert received.count(b"HTTP/1.1 200 ") == received.count(b"HTTP/1.1 ") == 1 + MAX_WAITING
        assert received.count(b"connection: close") == 1
        writer.transport.abort()


async def test_who_sends_on_after_the_answer_is_hung_up_on() -> None:
    length = 256 * 2**20
    async with serving(Starlette(), BoundedProtocol) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % length)
        assert (await reader.readline()).startswith(b"HTTP/1.1 404 ")

        async def send_all() -> None:
            for _ in range(length // 2**20):
                writer.write(bytes(2**20))
                await writer.drain()

        with pytest.raises(ConnectionError):
            await send_all()
        writer.transport.abort()


async def test_headers_are_counted_anew_for_each_request_of_a_connection() -> None:
    async with serving(Starlette(), BoundedProtocol) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        others, other = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(6):
            writer.write(b"HEAD / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * (MAX_HEADER_BYTES // 2))
            # Who has had an answer since knows that the half before it was read.
            other.write(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")
            await others.readuntil(b"\r\n\r\n")
            writer.write(b"\r\n\r\n")

            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 404 ")
        for each in (writer, other):
            each.transport.abort()


class Crowded(Hasty):
    header_seconds = 10.0
    max_connections = 3


async def test_who_is_silent_gives_way_to_who_asks() -> None:
    async with serving(Starlette(), Crowded) as port:
        silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")

        assert (await reader.readline()).startswith(b"HTTP/1.1 404 ")
        # The one that has waited for longest is gone, the others are still there.
        with suppress(ConnectionError):
            assert await silent[0][0].read() == b""
        assert [not reader.at_eof() for reader, _ in silent[1:]] == [True, True]
        for _, other in (*silent, (reader, writer)):
            other.transport.abort()


async def test_where_all_have_asked_one_more_is_told_when_to_come_back() -> None:
    app = Endless(b"a")
    request = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    async with serving(app, Crowded) as port:
        asking = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        for reader, writer in asking:
            writer.write(request)
            assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)

        refused = (await reader.read()).lower()
        assert refused.startswith(b"http/1.1 503 ")
        assert b"\r\nretry-after: 5\r\n" in refused and b"\r\nconnection: close\r\n" in refused
        for _, other in (*asking, (reader, writer)):
            other.transport.abort()


class Impatient(BoundedProtocol):
    """With as little room on the way as there can be."""

    write_seconds = 0.5

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride] -- as its own
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
        super().connection_made(transport)


@asynccontextmanager
async def asking(
    answer_bytes: int, clients: int, protocol: type[BoundedProtocol]
) -> AsyncGenerator[list[socket.socket]]:
    """Clients with as little room, who have asked for an answer of so many bytes."""

    async def answer(_request: Request) -> Response:
        return Response(b"a" * answer_bytes)

    loop = asyncio.get_running_loop()
    async with serving(Starlette(routes=[Route("/", answer)]), protocol) as port, AsyncExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(clients)]
        for client in sockets:
            client.setblocking(False)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            await loop.sock_connect(client, ("127.0.0.1", port))
            await loop.sock_sendall(client, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        yield sockets


@pytest.mark.parametrize("answer_bytes", [40_000, 4_000_000], ids=["a short answer", "a long answer"])
async def test_b40_who_takes_an_answer_byte_by_byte_is_hung_up_on(answer_bytes: int) -> None:
    lost: list[Exception | None] = []

    class Counted(Impatient):
        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            lost.append(exc)

    async with asking(answer_bytes, 200, Counted) as clients:
        while len(lost) < len(clients):
            for client in clients:
                with suppress(BlockingIOError):
                    client.recv(1)
            await asyncio.sleep(0.02)

    assert {type(error) for error in lost} == {TimeoutError}


class Patient(Impatient):
    write_seconds = 2.0


async def test_who_takes_an_answer_slowly_gets_all_of_it() -> None:
    loop = asyncio.get_running_loop()
    started, received = loop.time(), 0
    async with asking(22_000, 1, Patient) as (client,):
        while received < 22_000:
            received += len(await loop.sock_recv(client, 512))
            await asyncio.sleep(0.05)

    assert loop.time() - started > Patient.write_seconds


class Endless:
    """Answers without end, until the client is gone."""

    def __init__(self, chunk: bytes) -> None:
        self._chunk = chunk
        self.begun, self.gone = asyncio.Event(), asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        writing = asyncio.create_task(self._write(send))
        while (await receive())["type"] != "http.disconnect":
            pass
        self.gone.set()
        writing.cancel()
        await asyncio.wait([writing])
        await send({"type": "http.response.body", "body": b""})

    async def _write(self, send: Send) -> None:
        while True:
            await send({"type": "http.response.body", "body": self._chunk, "more_body": True})
            self.begun.set()
            await asyncio.sleep(0)


async def test_a_body_that_stops_is_not_told_so_in_the_midst_of_its_answer() -> None:
    async with serving(Endless(b"a")) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(START + b"Content-Length: 9\r\n\r\n{")
        received = await reader.read()

        assert received.startswith(b"HTTP/1.1 200 ") and received.count(b"HTTP/1.1 ") == 1
        writer.close()


async def test_client_that_does_not_read_an_endless_answer_holds_up_no_shutdown(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = Endless(b"a" * 100_000)
    async with serving(app) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await app.begun.wait()

    assert app.gone.is_set()
    # What uvicorn says when it has waited in vain.
    assert caplog.messages == []
    writer.close()


async def test_endless_answer_ends_with_its_client_whatever_waits_behind_it() -> None:
    app = Endless(b"a")
    async with serving(app) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 3)
        await app.begun.wait()
        writer.transport.abort()

        await app.gone.wait()
