"""What goes over the wire, byte by byte, against the real process."""

import resource
import signal
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from time import monotonic, sleep

import psutil
import pytest
import redis

from shared.bounded_protocol import MAX_CONNECTIONS, MAX_HEADER_BYTES, MAX_HEADER_FIELDS
from shared.server import OTHER_DESCRIPTORS
from shared.stream import stream_key
from tests.ingest.gateway import PARTITIONS, gateway_process
from tests.services import Servers

START = b"POST /api/v1/analytics/event HTTP/1.1\r\nHost: x\r\n"
BODY = b'{"website_id":"site-1","page":"/a"}'
END = b"Content-Length: %d\r\n\r\n%b" % (len(BODY), BODY)
CHUNKED = START + b"Transfer-Encoding: chunked\r\n\r\n"
# What a header X may hold beside START and END: each costs its name, its value and four bytes.
ROOM = MAX_HEADER_BYTES - len(b"/api/v1/analytics/event" + b"Host" + b"x" + b"Content-Length" + b"35" + b"X") - 3 * 4


@pytest.fixture(scope="module")
def port(servers: Servers) -> Iterator[int]:
    with gateway_process(servers.redis_url()) as (_, port):
        yield port


@dataclass(frozen=True)
class Case:
    id: str
    request: bytes
    status: int


CASES = (
    Case("good", START + END, 202),
    Case("B22 announced too large", START + b"Content-Length: 65537\r\n\r\n", 413),
    Case("B24 negative length", START + b"Content-Length: -1\r\n\r\n", 400),
    Case("B24 length abc", START + b"Content-Length: abc\r\n\r\n", 400),
    Case("B24 two lengths", START + b"Content-Length: 1,2\r\n\r\n", 400),
    Case("B26 length and chunked", START + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    Case("B28 chunked twice", START + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400),
    Case("B30 chunk of 2**64", CHUNKED + b"FFFFFFFFFFFFFFFFF\r\n", 400),
    Case("B32 chunks past the limit", CHUNKED + (b"4000\r\n" + b"a" * 0x4000 + b"\r\n") * 5, 413),
    Case("B34 neither body nor length", START + b"\r\n", 400),
    Case("B36 Expect", START + b"Expect: 200-ok\r\n" + END, 202),
    Case("B42 header of 60 KB", START + b"X: " + b"a" * 60_000 + b"\r\n" + END, 431),
    Case("B42 header without end", START + b"X: " + b"a" * 60_000, 431),
    Case("B42 headers at the limit", START + b"X: " + b"a" * ROOM + b"\r\n" + END, 202),
    Case("B42 headers beyond it", START + b"X: " + b"a" * (ROOM + 1) + b"\r\n" + END, 431),
    Case("B44 as many headers as may be", START + b"X: a\r\n" * (MAX_HEADER_FIELDS - 2) + END, 202),
    Case("B44 one header too many", START + b"X: a\r\n" * (MAX_HEADER_FIELDS - 1) + END, 431),
    Case("B44 too many headers", START + b"X: a\r\n" * MAX_HEADER_FIELDS + END, 431),
    Case("B46 folded header", START + b"X: a\r\n b\r\n" + END, 400),
    Case("B48 high bytes", START + b"X: \x80\xff\r\n" + END, 202),
    Case("B50 long request id", START + b"X-Request-Id: " + b"a" * 10_000 + b"\r\n" + END, 202),
    Case("B52 NUL in the path", b"GET /e%00 HTTP/1.1\r\nHost: x\r\n\r\n", 404),
    Case("B54 dots", b"GET /%2e%2e%2fx HTTP/1.1\r\nHost: x\r\n\r\n", 404),
    Case("B54 double encoding", b"GET /%252e/x HTTP/1.1\r\nHost: x\r\n\r\n", 404),
    Case("B54 semicolon", b"GET /..;/x HTTP/1.1\r\nHost: x\r\n\r\n", 404),
    Case("B56 trailing slash", START.replace(b"event ", b"event/ ") + END, 404),
    Case("B58 lower case", START.replace(b"POST", b"post") + END, 400),
    Case("B58 unknown method", START.replace(b"POST", b"FOO") + END, 400),
    Case("B58 long method", START.replace(b"POST", b"P" * 10_000) + END, 400),
    Case("B58 wrong method", START.replace(b"POST", b"PUT") + END, 405),
    Case("B62 HTTP/1.0 without Host", b"POST /api/v1/analytics/event HTTP/1.0\r\n" + END, 202),
    Case("B66 two hosts", START + b"Host: y\r\n" + END, 400),
    Case("B68 websocket", START + b"Connection: Upgrade\r\nUpgrade: websocket\r\n" + END, 400),
    Case("B68 h2c", START + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n" + END, 400),
    Case("no HTTP at all", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_hostile_bytes_are_answered_as_the_table_says(port: int, case: Case) -> None:
    answer = exchange(port, case.request)

    assert answer.startswith(b"HTTP/1.1 %d " % case.status)
    assert b"content-type: application/json\r\n" in answer
    assert b"\r\nserver:" not in answer.lower()
    assert b'"request_id":""' not in answer
    assert exchange(port, START + END).startswith(b"HTTP/1.1 202 ")


def test_limits_of_headers_are_those_of_the_table() -> None:
    assert (MAX_HEADER_BYTES, MAX_HEADER_FIELDS) == (16 * 2**10, 64)


def test_request_id_that_is_not_one_is_replaced(port: int) -> None:
    answer = exchange(port, START + b"X-Request-Id: <b>\r\n" + END)

    assert b"<b>" not in answer


def test_requests_on_one_connection_are_answered_in_turn(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall((START + END) * 3)
        received = b""
        while received.count(b"HTTP/1.1 202 ") < 3:
            received += connection.recv(65536)


def test_a_server_takes_the_descriptors_that_it_may_have(redis_url: str) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, hard))
    try:
        with gateway_process(redis_url) as (process, _):
            found, _ = psutil.Process(process.pid).rlimit(psutil.RLIMIT_NOFILE)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert found == min(hard, MAX_CONNECTIONS + OTHER_DESCRIPTORS)


def test_sigterm_finishes_what_was_accepted(redis_url: str) -> None:
    with gateway_process(redis_url) as (process, port), redis.Redis.from_url(redis_url) as client:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(START + END)
            assert connection.recv(65536).startswith(b"HTTP/1.1 202 ")
            # Redis answers no write for a moment: the request is in flight when the signal comes.
            client.client_pause(500, all=False)
            connection.sendall(START + END)
            _await_blocked_client(client)
            process.send_signal(signal.SIGTERM)

            assert connection.recv(65536).startswith(b"HTTP/1.1 202 ")
        assert process.wait(timeout=15) == -signal.SIGTERM
        assert sum(client.xlen(stream_key(partition)) for partition in range(PARTITIONS)) == 2


def exchange(port: int, request: bytes) -> bytes:
    """The head of the answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(request)
        received = b""
        while b"\r\n\r\n" not in received and (part := connection.recv(65536)):
            received += part
        return received


def _await_blocked_client(client: redis.Redis) -> None:
    deadline = monotonic() + 5
    while client.info("clients")["blocked_clients"] == 0:
        assert monotonic() < deadline
        sleep(0.005)
