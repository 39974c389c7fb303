"""An ordinary visitor's browser, beside those that mean ill: one event after the other, and how long each took."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field

from tests.hostile.attacks import EVENT, hang_up

BODY = b'{"website_id":"site-1","page":"/a"}'
REQUEST = EVENT + b"User-Agent: Mozilla/5.0 Firefox/144.0\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)
PAUSE_SECONDS = 0.05


@dataclass
class Visitor:
    """What became of the requests: the status of each, 0 for a connection that was lost."""

    port: int
    statuses: Counter[int] = field(default_factory=Counter[int])
    seconds: list[float] = field(default_factory=list[float])

    async def browse(self) -> None:
        """Go on until cancelled; every tenth event comes by a new connection."""
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                try:
                    for _ in range(10):
                        await self._send(reader, writer)
                        await asyncio.sleep(PAUSE_SECONDS)
                finally:
                    await hang_up(writer)
            except (OSError, asyncio.IncompleteReadError):
                self.statuses[0] += 1
                await asyncio.sleep(PAUSE_SECONDS)

    async def _send(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        began = time.perf_counter()
        writer.write(REQUEST)
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
        self.seconds.append(time.perf_counter() - began)
        self.statuses[int(head.split(b" ")[1])] += 1
