"""A network between a client and a server that a test can cut, at a byte pattern too, or swallow into a hole."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import TypeVar

import uvloop

READ_BYTES = 256 * 1024
T = TypeVar("T")
Connected = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Network:
    """The thread in which all proxies of a product run."""

    def __init__(self) -> None:
        self.loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        self._ports: list[asyncio.Server] = []

    def call(self, coroutine: Coroutine[None, None, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)

    def listen(self, connected: Connected) -> int:
        """The TCP port at which `connected` is told of connections."""
        return self.call(self._listen(connected))

    async def _listen(self, connected: Connected) -> int:
        server = await asyncio.start_server(connected, "127.0.0.1", 0, limit=READ_BYTES)
        self._ports.append(server)
        return int(server.sockets[0].getsockname()[1])

    def stop(self) -> None:
        self.call(self._end())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()

    async def _end(self) -> None:
        for server in self._ports:
            server.close()
        connections = asyncio.all_tasks() - {asyncio.current_task()}
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


class _Line:
    """One connection through the proxy."""

    def __init__(self, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self.ends = (client, server)
        self.loses_answer = False

    def cut(self) -> None:
        for end in self.ends:
            end.transport.abort()


class FaultProxy:
    """A TCP port in front of a server's UNIX socket. Its methods are for any thread."""

    def __init__(self, network: Network, upstream: Path) -> None:
        self._network = network
        self._upstream = upstream
        self._lines: set[_Line] = set()
        # Cleared while nothing gets through.
        self._passes = asyncio.Event()
        self._passes.set()
        self._pattern: tuple[bytes, bool] | None = None
        self.cuts = 0
        self.port = network.listen(self._connect)

    def cut(self) -> None:
        """Cut every connection at once."""
        self._soon(self._cut_all)

    def cut_at(self, pattern: bytes, *, arrives: bool) -> None:
        """Cut the next connection whose client sends `pattern`: the server gets it and its answer is lost,
        or, unless it `arrives`, the server gets what came before it."""
        self._soon(lambda: self._arm((pattern, arrives)))

    def swallow(self) -> None:
        """Let nothing through any more, in either direction, and say nothing about it."""
        self._soon(self._passes.clear)

    def release(self) -> None:
        """Let through again what comes, and what has been waiting."""
        self._soon(self._passes.set)

    def disarm(self) -> None:
        """Look for no pattern any more."""
        self._soon(lambda: self._arm(None))

    def heal(self) -> None:
        """Let everything through."""
        self.release()
        self.disarm()

    def _soon(self, action: Callable[[], None]) -> None:
        self._network.loop.call_soon_threadsafe(action)

    def _arm(self, pattern: tuple[bytes, bool] | None) -> None:
        self._pattern = pattern

    def _cut_all(self) -> None:
        self.cuts += len(self._lines)
        for line in self._lines:
            line.cut()

    async def _connect(self, requests: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        try:
            answers, server = await asyncio.open_unix_connection(str(self._upstream), limit=READ_BYTES)
        except OSError:
            client.transport.abort()
            return
        line = _Line(client, server)
        self._lines.add(line)
        try:
            await asyncio.gather(self._ask(requests, server, line), self._answer(answers, client, line))
        except (OSError, RuntimeError):
            # The other end is gone; uvloop has the second for what is written after that.
            pass
        finally:
            line.cut()
            self._lines.discard(line)

    async def _ask(self, requests: asyncio.StreamReader, server: asyncio.StreamWriter, line: _Line) -> None:
        while data := await requests.read(READ_BYTES):
            await self._passes.wait()
            if self._pattern is not None and self._pattern[0] in data:
                pattern, arrives = self._pattern
                self._pattern = None
                self.cuts += 1
                if not arrives:
                    server.write(data[: data.index(pattern)])
                    await server.drain()
                    break
                line.loses_answer = True
            server.write(data)
            await server.drain()
        if line.loses_answer:
            return
        line.cut()

    async def _answer(self, answers: asyncio.StreamReader, client: asyncio.StreamWriter, line: _Line) -> None:
        while data := await answers.read(READ_BYTES):
            await self._passes.wait()
            if line.loses_answer:
                break
            client.write(data)
            await client.drain()
        line.cut()
