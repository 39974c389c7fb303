"""Work that a service does beside its requests, as long as it runs."""

import asyncio
from collections.abc import Iterable


async def stop_jobs(jobs: Iterable["asyncio.Task[None]"]) -> None:
    """Cancel until it has worked: before Python 3.12 `asyncio.wait_for`, which the Redis client is
    built on, can swallow a cancellation that meets a reply."""
    running = set(jobs)
    while running:
        for job in running:
            job.cancel()
        _, running = await asyncio.wait(running, timeout=0.02)
