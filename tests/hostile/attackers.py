"""`python -m tests.hostile.attackers PORT CLIENTS ATTACK...`: attacks a gateway until its standard input ends.

A process of its own, so that what visitors wait for is the gateway and not those who attack it.
"""

import asyncio
import random
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress

from tests.hostile.attacks import ATTACKS, Attack, Connection, hang_up

# What an attacker waits between two connections, on average: a client that does not wait measures itself, and those
# that wait equally long come all at once.
PAUSE_SECONDS = 0.05
# By then the first of each have been at it.
UNDER_WAY_SECONDS = 0.2


@asynccontextmanager
async def attackers(port: int, names: Sequence[str], clients: int) -> AsyncGenerator[None]:
    """`clients` of each of `names` at work within the block."""
    command = [sys.executable, "-m", "tests.hostile.attackers", str(port), str(clients), *names]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
    assert process.stdin is not None and process.stdout is not None
    try:
        assert await process.stdout.readline() == b"under way\n"
        yield
    finally:
        process.stdin.close()
        assert await process.wait() == 0


async def _attack(port: int, clients: int, names: Sequence[str]) -> None:
    # Networks of their own, as they have in the world: each is limited apart.
    tasks = [
        asyncio.create_task(_keep_on(ATTACKS[name], port, f"127.{10 + place}.{number % 250}.1"))
        for place, name in enumerate(names)
        for number in range(clients)
    ]
    await asyncio.sleep(UNDER_WAY_SECONDS)
    print("under way", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _keep_on(attack: Attack, port: int, address: str) -> None:
    """The attack again and again, from `address`: whoever is thrown out comes back."""
    while True:
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))
            try:
                await attack(Connection(reader, writer))
            finally:
                await hang_up(writer)
        await asyncio.sleep(random.uniform(0, 2 * PAUSE_SECONDS))


if __name__ == "__main__":
    asyncio.run(_attack(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]))
