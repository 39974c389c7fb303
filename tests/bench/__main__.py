"""`make bench`: what the hot paths cost, each against a ceiling measured in the same run. Judges nothing.

    python -m tests.bench [gateway] [worker] [steady] [backlog] [cluster] [--events N] [--seconds N] [--json FILE]

Servers are those of the tests (TEST_DATABASE_URL, TEST_TIMESCALE_URL, TEST_REDIS_URL), or its own.
"""

import argparse
import json
import os
from collections.abc import Callable
from pathlib import Path

from tests.bench import backlog, cluster, gateway, steady, worker
from tests.bench.report import Figures, print_table, versions
from tests.services import POSTGRES, Servers

PARTS = {
    "gateway": "Gateway, 64 connections",
    "worker": "Worker, stream to committed rows",
    "steady": "Whole product at 60 % of its peak; CPU a million events",
    "backlog": "Catching up",
    "cluster": "Streams on a cluster, 64 connections",
}


def main() -> None:
    """Print a table for each part, and write all figures as JSON."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure the hot paths.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all by default")
    parser.add_argument("--events", type=int, default=100_000, help="events of worker and backlog (default 100000)")
    parser.add_argument("--seconds", type=float, default=20.0, help="seconds of steady load (default 20)")
    parser.add_argument("--json", type=Path, default=Path("bench.json"), help="where the figures go (bench.json)")
    chosen = parser.parse_args()
    if unknown := set(chosen.parts) - PARTS.keys():
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    with Servers(os.environ) as servers:
        found: dict[str, object] = {
            "versions": versions(servers.redis_url(), servers.database(POSTGRES).admin_url),
        }
        measures: dict[str, Callable[[], Figures]] = {
            "gateway": lambda: gateway.measure(servers.redis_url()),
            "worker": lambda: worker.measure(servers, chosen.events),
            "steady": lambda: steady.measure(servers, chosen.seconds),
            "backlog": lambda: backlog.measure(servers, chosen.events),
            "cluster": lambda: cluster.measure(servers),
        }
        for part in chosen.parts or PARTS:
            figures = measures[part]()
            print_table(PARTS[part], figures)
            found[part] = figures
            # After each: a part that fails costs no other.
            chosen.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
