"""Jobs end when they are told to, also one that misses the first time."""

import asyncio
from contextlib import suppress

from shared.jobs import stop_jobs


async def test_a_job_that_loses_a_cancellation_ends_all_the_same() -> None:
    lost = 0

    async def deaf() -> None:
        nonlocal lost
        while lost < 3:
            with suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
            lost += 1

    async def obedient() -> None:
        await asyncio.Event().wait()

    jobs = [asyncio.create_task(deaf()), asyncio.create_task(obedient())]
    await asyncio.sleep(0)

    async with asyncio.timeout(5):
        await stop_jobs(jobs)

    assert lost == 3 and all(job.done() for job in jobs)


async def test_nothing_to_stop_is_stopped() -> None:
    await stop_jobs([])
