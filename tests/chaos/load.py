"""An open-loop sender: requests leave on a schedule, whatever became of those before.

`python -m tests.chaos.load` is a process of its own, told what to do by one line of JSON. Every answer becomes
a line of its log, on disk before anything else is done about it; a summary is printed at the end.
"""

import asyncio
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import httpx
import msgspec
import orjson

from tests.chaos.events import CANARY_ADDRESS, bodies, is_refused
from tests.flow.pipeline import BROWSER

# RELIABILITY 4.1.
DUPLICATE_SHARE, REGROUPED_SHARE = 0.02, 0.01
ANONYMOUS_SHARE = 0.05
# A 503 must come within this, and say when to come back (I8, G10).
LONGEST_REFUSAL_SECONDS = 3.0
RETRY_AFTER = range(5, 31)
CLIENT_SECONDS = 15.0
SIZES = (1, 10, 100)
# The gateway takes 1000 in one request, and a duplicate takes a third of another along.
LARGEST = 700


class Orders(msgspec.Struct, frozen=True):
    """What a sender is to do. `largest` is the size of its largest batches."""

    port: int
    log: str
    seed: int
    events_a_second: float
    largest: int
    started: datetime


class Summary(msgspec.Struct):
    """What a sender did; milliseconds are from the moment a request was due."""

    next_number: int
    requests: int
    events_sent: int
    statuses: dict[str, int]
    retries: int
    duplicates: int
    regrouped: int
    lost_connections: int
    violations: list[str]
    milliseconds: list[float]


@dataclass(kw_only=True)
class Sender:
    orders: Orders
    client: httpx.AsyncClient
    chance: random.Random
    log: int
    counts: Counter[str] = field(default_factory=Counter[str])
    statuses: Counter[str] = field(default_factory=Counter[str])
    violations: list[str] = field(default_factory=list[str])
    milliseconds: list[float] = field(default_factory=list[float])
    # What the next duplicate takes along.
    repeated: list[range] = field(default_factory=list[range])
    is_over: bool = False

    async def send(self, batch: range, *, has_ids: bool, due: float) -> None:
        """Send one batch until it is accepted, as a careful client does; without ids only once."""
        pause = await self._try([batch], has_ids=has_ids, due=due)
        while pause is not None and has_ids and not self.is_over:
            await asyncio.sleep(pause)
            self.counts["retries"] += 1
            if len(batch) > 1 and self.chance.random() < REGROUPED_SHARE:
                self.counts["regrouped"] += 1
                half = batch.start + len(batch) // 2
                halves = range(batch.start, half), range(half, batch.stop)
                await asyncio.gather(*(self.send(part, has_ids=True, due=due) for part in halves))
                return
            pause = await self._try([batch], has_ids=True, due=due)
        if has_ids and self.chance.random() < DUPLICATE_SHARE:
            self.counts["duplicates"] += 1
            # Later, and together with another batch that was sent before.
            await asyncio.sleep(self.chance.uniform(0.5, 8))
            await self._try([batch, *self.repeated], has_ids=True, due=time.monotonic())
            self.repeated = [batch[: len(batch) // 3]]

    async def _try(self, batches: Sequence[range], *, has_ids: bool, due: float) -> float | None:
        """None when all was accepted, else after how many seconds to try again."""
        numbers = [number for batch in batches for number in batch]
        refused = sum(map(is_refused, numbers))
        body = bodies(numbers, self.orders.started, has_ids=has_ids)
        self.counts["requests"] += 1
        self.counts["events"] += len(numbers)
        began = time.monotonic()
        try:
            answer = await self.client.post("/api/v1/analytics/event/batch", content=body)
        except (httpx.HTTPError, asyncio.CancelledError) as error:
            self._note("U", batches)
            if isinstance(error, asyncio.CancelledError):
                raise
            self.counts["lost_connections"] += 1
            return self.chance.uniform(0.2, 1.0)
        self.statuses[str(answer.status_code)] += 1
        if answer.status_code == 202:
            self._note("A" if has_ids else "N", batches)
            self.milliseconds.append(1000 * (time.monotonic() - due))
            told = orjson.loads(answer.content)
            if (told["accepted"], told["rejected"]) != (len(numbers) - refused, refused):
                self.violations.append(f"I8 {batches}: {told}"[:300])
            return None
        if answer.status_code == 400 and refused == len(numbers):
            return None
        self._note("U", batches)
        if time.monotonic() - began > LONGEST_REFUSAL_SECONDS:
            self.counts["late_refusals"] += 1
        return self._judge_refusal(answer)

    def _judge_refusal(self, answer: httpx.Response) -> float:
        """When to come back, as the answer says."""
        retry_after = answer.headers.get("retry-after", "")
        is_right = (
            answer.status_code == 503
            and answer.headers.get("content-type") == "application/json"
            and retry_after.isdigit()
            and int(retry_after) in RETRY_AFTER
        )
        if not is_right:
            self.violations.append(f"I8 {answer.status_code} {dict(answer.headers)} {answer.text}"[:400])
            return 5.0
        return float(retry_after) + self.chance.random()

    def _note(self, kind: str, batches: Sequence[range]) -> None:
        lines = [f"{time.time():.3f} {kind} {batch.start} {batch.stop}\n" for batch in batches if batch]
        os.write(self.log, "".join(lines).encode())
        os.fdatasync(self.log)


async def run(orders: Orders) -> Summary:
    """Send until SIGTERM; what has no answer a little later stays unclear."""
    chance = random.Random(orders.seed)
    log = os.open(orders.log, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    limits = httpx.Limits(max_connections=400, max_keepalive_connections=50, keepalive_expiry=4)
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{orders.port}",
        headers={"User-Agent": BROWSER, "X-Forwarded-For": CANARY_ADDRESS, "Content-Type": "application/json"},
        timeout=CLIENT_SECONDS,
        limits=limits,
    ) as client:
        sender = Sender(orders=orders, client=client, chance=random.Random(orders.seed + 1), log=log)
        next_number = await _keep_schedule(sender, chance, stop)
        sender.is_over = True
    os.close(log)
    counts = sender.counts
    return Summary(
        next_number=next_number,
        requests=counts["requests"],
        events_sent=counts["events"],
        statuses=dict(sender.statuses) | {"late 503": counts["late_refusals"]},
        retries=counts["retries"],
        duplicates=counts["duplicates"],
        regrouped=counts["regrouped"],
        lost_connections=counts["lost_connections"],
        violations=sender.violations[:20],
        milliseconds=sorted(sender.milliseconds),
    )


async def _keep_schedule(sender: Sender, chance: random.Random, stop: asyncio.Event) -> int:
    """The number after the last that was sent."""
    orders = sender.orders
    sizes = (*SIZES, orders.largest)
    tasks: set[asyncio.Task[None]] = set()
    number = 0
    due = time.monotonic()
    while not stop.is_set():
        size = min(chance.choice(sizes), orders.largest)
        due += size / orders.events_a_second
        wait = due - time.monotonic()
        if wait > 0:
            with_stop = asyncio.create_task(stop.wait())
            await asyncio.wait({with_stop}, timeout=wait)
            with_stop.cancel()
        has_ids = chance.random() >= ANONYMOUS_SHARE
        task = asyncio.create_task(sender.send(range(number, number + size), has_ids=has_ids, due=due))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        number += size
    if tasks:
        await asyncio.wait(tasks, timeout=3)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return number


def main() -> None:
    orders = msgspec.json.decode(sys.argv[1].encode(), type=Orders)
    sys.stdout.buffer.write(msgspec.json.encode(asyncio.run(run(orders))))


if __name__ == "__main__":
    main()
