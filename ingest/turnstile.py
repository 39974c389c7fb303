"""Room for small requests between large ones: decoding a megabyte holds up everybody on the same event loop."""

import asyncio
from types import TracebackType

from shared.clock import monotonic_seconds


class Turnstile:
    """`async with` around what holds the event loop for long: one at a time goes through, and what others want
    is done for as long as each took before the next may. Nobody else's work waits for more than one of them."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._began = 0.0

    async def __aenter__(self) -> None:
        await self._turn.acquire()
        self._began = monotonic_seconds()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # The next one waits, not the one that is through: alone, large bodies are as fast as without a turnstile.
        took = monotonic_seconds() - self._began
        asyncio.get_running_loop().call_later(took, self._turn.release)
