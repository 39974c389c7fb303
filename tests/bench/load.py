"""Sends requests to a gateway and times the answers: `python -m tests.bench.load PORT PATH SECONDS [RATE]`.

Bodies come on standard input, one a line. Over CONNECTIONS keep-alive connections, one request each in flight:
without RATE as fast as answers come (closed loop), else so many a second whatever the answers do (open loop), where
a request waits for its turn on the clock: a server that stalls is seen. Prints one JSON object.
"""

import asyncio
import json
import re
import sys
import time
from collections import deque

import uvloop

from shared.clock import monotonic_seconds

CONNECTIONS = 64
_HEAD = (
    "POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: {size}\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{number}.0.0.0\r\n\r\n"
)
_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


class _Load:
    """What all connections share: the requests, the moments they are due, and how long answers took."""

    def __init__(self, requests: list[bytes], until: float, rate: float | None) -> None:
        self.requests = requests
        self.until = until
        self.rate = rate
        self.sent = self.bad = 0
        self.due: deque[float] = deque()
        self.idle: deque[_Connection] = deque()
        self.seconds: list[float] = []

    def next_request(self) -> bytes:
        self.sent += 1
        return self.requests[self.sent % len(self.requests)]

    async def keep_to_the_clock(self, rate: float) -> None:
        next_due = monotonic_seconds()
        while next_due < self.until:
            while next_due <= monotonic_seconds():
                self.due.append(next_due)
                next_due += 1 / rate
            while self.due and self.idle:
                self.idle.popleft().send(self.due.popleft())
            await asyncio.sleep(0.001)


class _Connection(asyncio.Protocol):
    def __init__(self, load: _Load) -> None:
        self._load = load
        self._answer = b""
        self._due = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride] -- uvloop's is no subclass
        self._transport = transport
        self._go_on()

    def send(self, due: float) -> None:
        self._due = due
        self._transport.write(self._load.next_request())

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, end, body = self._answer.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not end or length is None or len(body) < int(length[1]):
            return
        self._load.seconds.append(monotonic_seconds() - self._due)
        self._load.bad += not head.startswith(b"HTTP/1.1 202")
        self._answer = b""
        self._go_on()

    def _go_on(self) -> None:
        now = monotonic_seconds()
        if self._load.due:
            self.send(self._load.due.popleft())
        elif self._load.rate is not None:
            self._load.idle.append(self)
        elif now < self._load.until:
            self.send(now)


async def run(port: int, requests: list[bytes], seconds: float, rate: float | None) -> dict[str, float]:
    """Answers a second, how many were not 202, and percentiles of the milliseconds each took."""
    started = monotonic_seconds()
    load = _Load(requests, started + seconds, rate)
    loop = asyncio.get_running_loop()
    for _ in range(CONNECTIONS):
        await loop.create_connection(lambda: _Connection(load), "127.0.0.1", port)
    if rate is not None:
        await load.keep_to_the_clock(rate)
    else:
        await asyncio.sleep(seconds)
    taken = sorted(load.seconds) or [float("nan")]
    return {
        "requests": len(load.seconds),
        "per_second": len(load.seconds) / (monotonic_seconds() - started),
        "bad": load.bad,
        "p50_ms": 1000 * taken[len(taken) // 2],
        "p99_ms": 1000 * taken[len(taken) * 99 // 100],
        "cpu_seconds": time.process_time(),
    }


def main() -> None:
    port, path, seconds = int(sys.argv[1]), sys.argv[2], float(sys.argv[3])
    rate = float(sys.argv[4]) if len(sys.argv) > 4 else None
    bodies = [line for line in sys.stdin.buffer.read().split(b"\n") if line]
    requests = [
        _HEAD.format(path=path, size=len(body), number=100 + number % CONNECTIONS).encode() + body
        for number, body in enumerate(bodies)
    ]
    print(json.dumps(uvloop.run(run(port, requests, seconds, rate))))


if __name__ == "__main__":
    main()
