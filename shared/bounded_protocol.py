"""One HTTP connection of uvicorn's, with the limits and deadlines that it lacks (RELIABILITY 1.8, 6.3).

Bare, uvicorn waits for ever for a header that comes at a byte a second, and takes a header of 1 MB or
5 000 of them. Here every phase of a connection has a deadline, and headers have a limit.
"""

import asyncio
import socket
from collections.abc import Mapping
from http import HTTPStatus
from typing import TypeGuard
from uuid import uuid4

import orjson
from starlette.types import Receive, Scope, Send
from uvicorn._types import ASGI3Application
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from shared.newcomers import newcomers
from shared.one_write import OneWrite
from shared.stopping import stopping

MAX_HEADER_BYTES = 16 * 1024
MAX_HEADER_FIELDS = 64
HEADER_SECONDS = 10.0
BODY_SECONDS = 15.0
# A client that takes nothing of its answer for so long is cut off, by the system where it can (Linux, tcp(7)): it alone
# knows what has been taken, and sees to answers that are all in its hands.
WRITE_SECONDS = 15.0
# Open connections of one process. For one more, that one is closed which has been silent for longest since it was
# opened; where all of them have asked for something, the new one is answered 503.
MAX_CONNECTIONS = 4096
# Requests of one connection that wait for their turn. What comes behind them is not answered: the connection ends.
MAX_WAITING = 16
# Of a body that was answered before its end (it is too large, say) so much is still taken; then its sender has
# this long to read the answer.
MAX_VAIN_BYTES = 64 * 1024
LINGER_SECONDS = 0.25
# What an answer without an end still has to say then is lost on a client that does not read it.
END_SECONDS = 1.0

_IDLE, _IN_HEADERS, _IN_BODY = range(3)


class BoundedProtocol(HttpToolsProtocol):
    """One connection, with limits on its headers and a deadline on each of its phases."""

    header_seconds = HEADER_SECONDS
    body_seconds = BODY_SECONDS
    write_seconds = WRITE_SECONDS
    max_connections = MAX_CONNECTIONS

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, object],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._accepting = self.app
        # The one that is answered; those behind it on the connection wait.
        self._running: RequestResponseCycle | None = None
        self._stopping = stopping(app_state)
        self._newcomers = newcomers(app_state)
        self._phase = _IDLE
        self._header_bytes = 0
        self._vain_bytes = 0
        # What has stopped the parser, where it was we.
        self._stop: _StopParsingError | None = None
        # Runs while a phase is not complete, and says which one.
        self._deadline: asyncio.TimerHandle | None = None
        self._deadline_phase = _IDLE

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride] -- as uvicorn's own
        super().connection_made(transport)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            connection: socket.socket = transport.get_extra_info("socket")
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(1000 * self.write_seconds))
        self._newcomers.add(self, transport)
        if len(self.connections) > self.max_connections:
            self._newcomers.close_oldest_but(self)
        # A new connection owes its first header from the start.
        self._start_deadline(_IN_HEADERS)

    def connection_lost(self, exc: Exception | None) -> None:
        self._newcomers.remove(self)
        self._stop_deadline()
        # uvicorn tells the last of several requests alone.
        if self._running is not None and not self._running.response_complete:
            self._running.disconnected = True
            self._running.message_event.set()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        self._stopping.set()
        super().shutdown()
        if _is_answering(self._running):
            self._running.keep_alive = False
            # Only what does not know its end beforehand is sent in chunks.
            if self._running.chunked_encoding:
                self.loop.call_later(END_SECONDS, self.transport.abort)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        phase = self._phase
        if phase == _IDLE:
            if self._deadline is not None:
                self._stop_deadline()
            return
        if phase == _IN_HEADERS:
            # The parser holds back a field until it is complete: what has come in is what counts.
            self._header_bytes += len(data)
            if self._header_bytes > 2 * MAX_HEADER_BYTES:
                self._refuse(431, "headers_too_large", f"headers: larger than {MAX_HEADER_BYTES} bytes")
                return
        elif self.cycle.response_complete:
            self._vain_bytes += len(data)
            if self._vain_bytes > MAX_VAIN_BYTES:
                self.flow.pause_reading()
                self.loop.call_later(LINGER_SECONDS, self.transport.abort)
                return
        if self._deadline is None or self._deadline_phase != phase:
            self._stop_deadline()
            self._start_deadline(phase)

    def on_message_begin(self) -> None:
        if len(self.pipeline) == MAX_WAITING:
            newest, _ = self.pipeline[0]
            newest.keep_alive = False
            raise self._stopped(_StopParsingError())
        super().on_message_begin()
        self._phase = _IN_HEADERS
        self._header_bytes = self._vain_bytes = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        if len(self.headers) == MAX_HEADER_FIELDS:
            raise self._stopped(_StopParsingError(f"headers: more than {MAX_HEADER_FIELDS} fields"))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._phase = _IN_BODY
        self._newcomers.remove(self)
        self.app = self._accepting
        headers = self.headers
        size, hosts = len(self.url), 0
        for name, value in headers:
            size += len(name) + len(value) + 4
            hosts += name == b"host"
        if size > MAX_HEADER_BYTES:
            self.app = _Refusal(431, "headers_too_large", f"headers: larger than {MAX_HEADER_BYTES} bytes")
        elif hosts > 1:
            self.app = _Refusal(400, "bad_request", "Host: sent more than once")
        elif len(self.connections) > self.max_connections:
            self.app = _Refusal(503, "overloaded", "too many connections", {"retry-after": "5"})
        super().on_headers_complete()
        cycle = self.cycle
        if cycle.scope["method"] != "HEAD":
            cycle.transport = OneWrite(self.transport, cycle)  # pyright: ignore[reportAttributeAccessIssue] -- it uses these three methods

    def on_message_complete(self) -> None:
        self._phase = _IDLE
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """What the parser does not take, or we did not let it."""
        stop = self._stop
        if stop is None:
            self._refuse(400, "bad_request", "not a valid HTTP request")
        elif stop.message:
            self._refuse(431, "headers_too_large", stop.message)

    def _stopped(self, stop: "_StopParsingError") -> "_StopParsingError":
        self._stop, self._phase = stop, _IDLE
        return stop

    def _start_deadline(self, phase: int) -> None:
        self._deadline_phase = phase
        self._deadline = self.loop.call_later(
            self.header_seconds if phase == _IN_HEADERS else self.body_seconds, self._miss_deadline
        )

    def _stop_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _miss_deadline(self) -> None:
        self._deadline = None
        self._refuse(408, "request_timeout", "the request did not arrive in time")

    def _refuse(self, status: int, code: str, message: str) -> None:
        """Answer and close, unless an answer is on its way already: then only close."""
        if self.transport.is_closing():
            return
        if not _is_answering(self._running):
            body = _error_body(code, message)
            phrase = HTTPStatus(status).phrase.encode()
            self.transport.write(
                b"HTTP/1.1 %d %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%b"
                % (status, phrase, len(body), body)
            )
        self.transport.close()


class _StopParsingError(Exception):
    """Nothing more is read of this connection. `message` is what to answer; without one those that wait are answered,
    and it ends with the last of them."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message)
        self.message = message


def _is_answering(cycle: RequestResponseCycle | None) -> TypeGuard[RequestResponseCycle]:
    return cycle is not None and cycle.response_started and not cycle.response_complete


class _Refusal:
    """An application that answers every request with one error, and closes the connection."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        self._status = status
        self._body = _error_body(code, message)
        self._headers = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(self._body)),
            (b"connection", b"close"),
            *self._headers,
        ]
        await send({"type": "http.response.start", "status": self._status, "headers": headers})
        await send({"type": "http.response.body", "body": self._body})


def _error_body(code: str, message: str) -> bytes:
    return orjson.dumps({"error": message, "code": code, "details": {}, "request_id": uuid4().hex})
