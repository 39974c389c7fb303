"""Seconds from a 202 to the event in a report, on a quiet pipeline: `python -m tests.bench.visible`."""

import json
import os
import statistics
import sys
import tempfile
from pathlib import Path
from uuid import uuid4

from shared.clock import monotonic_seconds
from tests.flow.pipeline import Pipeline, wait_until
from tests.services import Servers, present_flavours

SAMPLES = 30


def main() -> None:
    """Print a line for each flavour at hand, then the figures as JSON."""
    figures: dict[str, dict[str, float]] = {}
    with Servers(os.environ) as servers:
        for flavour in present_flavours(os.environ):
            with servers.database(flavour).database() as url, tempfile.TemporaryDirectory() as logs:
                pipeline = Pipeline(url, servers.redis_url(), Path(logs))
                try:
                    pipeline.start_all()
                    waits = sorted(seconds_to_visible(pipeline) for _ in range(SAMPLES))
                finally:
                    pipeline.stop()
            figures[flavour] = {
                "median_seconds": round(statistics.median(waits), 3),
                "p95_seconds": round(waits[int(0.95 * SAMPLES)], 3),
            }
            print(f"202 to visible, {flavour}: {figures[flavour]}")
    json.dump({"visible": figures}, sys.stdout)
    print()


def seconds_to_visible(pipeline: Pipeline) -> float:
    """From the answer to an event until the dashboard counts it."""
    website_id = uuid4().hex
    answer = pipeline.send({"website_id": website_id, "page": "/"}, path="event")
    assert answer.status == 202, answer.body
    started = monotonic_seconds()

    def is_visible() -> bool:
        report = pipeline.read(f"analytics/dashboard/{website_id}")
        return report.status == 200 and report.body["metrics"]["page_views"] == 1

    wait_until(is_visible, "the event in the dashboard", every_seconds=0.01)
    return monotonic_seconds() - started


if __name__ == "__main__":
    main()
