"""An answer's head and body in one write to the socket: uvicorn's two cost a system call more, 8 us."""

import asyncio

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle


class OneWrite:
    """Stands for the transport of one answer: holds its head until the first of its body comes.

    Not for HEAD, whose answers have no body to wait for."""

    __slots__ = ("_cycle", "_head", "_transport")

    def __init__(self, transport: asyncio.Transport, cycle: RequestResponseCycle) -> None:
        self._transport = transport
        # Until the head has come. The cycle holds this in its turn: neither would be freed before the next
        # collection, and the memory of each request be new; both together took a tenth of the gateway's time.
        self._cycle: RequestResponseCycle | None = cycle
        self._head = b""

    def write(self, data: bytes) -> None:
        """Hold `data` if it is the head, else send it behind the head."""
        # Before the response has started uvicorn writes only "100 Continue", which cannot wait.
        if self._cycle is not None and self._cycle.response_started:
            self._cycle = None
            self._head = data
            return
        self._transport.write(self._head + data if self._head else data)
        self._head = b""

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def close(self) -> None:
        """Send what is held, and close."""
        if self._head:
            self.write(b"")
        self._transport.close()
