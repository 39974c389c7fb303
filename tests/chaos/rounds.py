"""Scenario S2 of RELIABILITY 4.3: a process dies at each named place, so many times, beside 1, 2 and 4 workers."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.chaos.failpoints import FAILPOINTS
from tests.chaos.product import running_product
from tests.chaos.storm import Storm, Weather

# A point is passed within seconds while there is load; a database that recovers on a busy machine needs minutes.
ROUND_SECONDS = 300.0


@dataclass(frozen=True, kw_only=True)
class Rounds:
    """`passes` deaths at each place, with each number of workers."""

    passes: int
    workers: Sequence[int]
    events_a_second: float = 400
    seed: int = 1


def run_rounds(rounds: Rounds, report: Callable[[str], None]) -> tuple[Counter[str], int, list[str]]:
    """How often a process died at each place, how many events were accepted, and every violation."""
    hits: Counter[str] = Counter()
    accepted = 0
    violations: list[str] = []
    for workers in rounds.workers:
        weather = Weather(seed=rounds.seed, seconds=0, events_a_second=rounds.events_a_second, workers=workers)
        with running_product() as product:
            storm = Storm(product, weather, report)
            storm.begin()
            storm.watch.start()
            try:
                with storm.load() as process:
                    for point in FAILPOINTS:
                        for _ in range(rounds.passes):
                            _die_at(storm, point)
                            hits[point] += 1
                        report(f"{workers} workers: {rounds.passes} deaths at {point}")
                    summary = storm.calm(process)
            finally:
                storm.watch.stop()
            found = storm.judge(summary)
            report(f"{workers} workers: {storm.ledger.count():,} events accepted, {len(found)} violations")
            violations += found
            accepted += storm.ledger.count()
    return hits, accepted, violations


def _die_at(storm: Storm, point: str) -> None:
    """Have one process die, and wait until the product has written something since: an entry that five
    workers in a row died with in hand would rightly be put aside."""
    product = storm.product
    product.arm(point)
    product.wait(lambda: not product.is_armed(point), f"a death at {point}", ROUND_SECONDS)
    died_at = time.time()
    product.wait(lambda: storm.has_written_since(died_at), "something written", ROUND_SECONDS)
