"""`python -m tests.chaos`: hits the whole product with faults and says whether anything was lost or counted twice."""

import argparse
import json
import random
import sys
import time
from pathlib import Path

from tests.chaos.rounds import Rounds, run_rounds
from tests.chaos.storm import Weather, run_storm


def main() -> int:
    """0 when every invariant held, 1 when one did not."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, help="the same seed plans the same faults; default: any")
    parser.add_argument("--every", type=float, default=1.5, help="seconds between two faults, on average")
    parser.add_argument("--rate", type=float, default=2000, help="events a second")
    parser.add_argument("--workers", type=int, help="default: 2, and with --passes 1, 2 and 4 by turns")
    parser.add_argument("--programs", type=Path, help="the bin directory of another PostgreSQL, such as TimescaleDB's")
    parser.add_argument(
        "--passes", type=int, help="no storm: so many deaths at every named place, beside each number of workers"
    )
    parser.add_argument("--json", type=Path, help="where to write all figures")
    given = parser.parse_args()
    seed = random.SystemRandom().randrange(1_000_000) if given.seed is None else given.seed
    began = time.monotonic()

    def report(line: str) -> None:
        print(f"[{time.monotonic() - began:6.1f} s] {line}", flush=True)

    if given.passes is not None:
        workers = (1, 2, 4) if given.workers is None else (given.workers,)
        hits, accepted, violations = run_rounds(Rounds(passes=given.passes, seed=seed, workers=workers), report)
        print(f"{accepted:,} events accepted; deaths: {dict(hits)}\n" + "\n".join(violations or ["no violation"]))
        return 1 if violations else 0
    weather = Weather(
        seed=seed,
        seconds=given.seconds,
        faults_every=given.every,
        events_a_second=given.rate,
        workers=2 if given.workers is None else given.workers,
        programs=given.programs,
    )
    figures = run_storm(weather, report)
    print(figures.table())
    if given.json is not None:
        given.json.write_text(json.dumps(figures.as_dict(), indent=1))
    return 1 if figures.violations else 0


if __name__ == "__main__":
    sys.exit(main())
