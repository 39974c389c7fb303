"""Clients that mean ill, each a task that goes on until it is cancelled. They come from networks of their own."""

import asyncio
import gzip
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import count
from typing import NamedTuple

EVENT = b"POST /api/v1/analytics/event HTTP/1.1\r\nHost: x\r\n"
BATCH = b"POST /api/v1/analytics/event/batch HTTP/1.1\r\nHost: x\r\n"
SLOW_SECONDS = 1.0
# 500 MiB of nothing: five members, because one of them takes long to make.
BOMB = gzip.compress(bytes(100 * 2**20), 1) * 5
# Made beforehand: an attacker who is busy attacks nobody.
WIDE = [
    json.dumps(
        {
            "events": [
                {
                    "website_id": "site-1",
                    "page": f"/{number}",
                    "event_type": f"event-{number}",
                    "properties": {f"{number}-{key}": key for key in range(50_000)},
                }
            ]
        }
    ).encode()
    for number in range(4)
]
FALSE = [
    json.dumps({"events": [{"website_id": f"false-{first + n}", "page": "/"} for n in range(50)]}).encode()
    for first in range(0, 1000, 50)
]
_numbers = count()


class Connection(NamedTuple):
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def say(self, content: bytes) -> None:
        self.writer.write(content)
        await self.writer.drain()


Attack = Callable[[Connection], Awaitable[None]]


async def silent(connection: Connection) -> None:
    await connection.reader.read()


async def slow_headers(connection: Connection) -> None:
    await _drip(connection, EVENT + b"X-Header: " + b"a" * 3600)


async def slow_bodies(connection: Connection) -> None:
    await connection.say(EVENT + b"Content-Length: 3600\r\n\r\n")
    await _drip(connection, b"{" * 3600)


async def bodies_that_stop(connection: Connection) -> None:
    await connection.say(EVENT + b'Content-Length: 3600\r\n\r\n{"website_id":')
    await connection.reader.read()


async def many_headers(connection: Connection) -> None:
    await connection.say(EVENT + b"X: a\r\n" * 5000 + b"\r\n")
    await connection.reader.read()


async def a_long_header(connection: Connection) -> None:
    await connection.say(EVENT + b"X: " + b"a" * 2**20 + b"\r\n\r\n")
    await connection.reader.read()


async def gzip_bombs(connection: Connection) -> None:
    head = BATCH + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(BOMB)
    await connection.say(head + BOMB)
    await connection.reader.readuntil(b"\r\n\r\n")


async def empty_members(connection: Connection) -> None:
    body = gzip.compress(b"") * 50_000
    await connection.say(BATCH + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    await connection.reader.readuntil(b"\r\n\r\n")


async def pipelined(connection: Connection) -> None:
    """A thousand requests at once, whose answers are never read."""
    await connection.say((EVENT + b"Content-Length: 2\r\n\r\n{}") * 1000)
    await asyncio.sleep(SLOW_SECONDS)


async def half_closed(connection: Connection) -> None:
    await connection.say(EVENT + b"Content-Length: 3600\r\n\r\n{")
    connection.writer.write_eof()
    await connection.reader.read()


async def wide_events(connection: Connection) -> None:
    """As many names as there is room for: of pages, of events, of properties."""
    await _send_batch(connection, WIDE[next(_numbers) % len(WIDE)])


async def false_websites(connection: Connection) -> None:
    await _send_batch(connection, FALSE[next(_numbers) % len(FALSE)])


ATTACKS: dict[str, Attack] = {
    attack.__name__: attack
    for attack in (
        silent,
        slow_headers,
        slow_bodies,
        bodies_that_stop,
        many_headers,
        a_long_header,
        gzip_bombs,
        empty_members,
        pipelined,
        half_closed,
        wide_events,
        false_websites,
    )
}


async def hang_up(writer: asyncio.StreamWriter) -> None:
    """Close at once, whatever is still to be said."""
    writer.transport.abort()
    with suppress(OSError):
        await writer.wait_closed()


async def _drip(connection: Connection, content: bytes) -> None:
    for byte in content:
        await connection.say(bytes([byte]))
        await asyncio.sleep(SLOW_SECONDS)


async def _send_batch(connection: Connection, body: bytes) -> None:
    await connection.say(BATCH + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    await connection.reader.readuntil(b"\r\n\r\n")
