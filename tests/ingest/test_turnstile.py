"""Large bodies go one at a time, and small ones between them."""

import asyncio
import time

import pytest

from ingest.turnstile import Turnstile

# As long as the event loop is held by a body; a turn of the loop takes microseconds.
HELD_SECONDS = 0.1


async def test_others_are_served_between_two_large_bodies() -> None:
    turnstile = Turnstile()
    order: list[str] = []

    async def send_large(name: str) -> None:
        async with turnstile:
            order.append(name)
            _hold_the_loop()

    async def send_small() -> None:
        # A request, its entry in the stream, its answer: each in a turn of the loop.
        for _ in range(3):
            await asyncio.sleep(0)
        order.append("small")

    await asyncio.gather(send_large("first"), send_large("second"), send_small())

    assert order == ["first", "small", "second"]


async def test_a_refused_body_lets_the_next_through() -> None:
    turnstile = Turnstile()
    with pytest.raises(ValueError, match="refused"):
        async with turnstile:
            raise ValueError("refused")

    async with asyncio.timeout(5), turnstile:
        pass


async def test_who_goes_away_while_it_waits_lets_the_next_through() -> None:
    turnstile = Turnstile()
    async with turnstile:
        gone = asyncio.create_task(turnstile.__aenter__())
        await asyncio.sleep(0)
        gone.cancel()

    async with asyncio.timeout(5), turnstile:
        pass


def _hold_the_loop() -> None:
    time.sleep(HELD_SECONDS)
