"""How much of a bare 202 the gateway reaches, and what a request and an event cost it.

The ceilings are the same server with nothing behind it: raw ASGI, and Starlette with one route. All run alike (one
process each) and take turns in the same run, under 64 keep-alive connections with one request each in flight.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from statistics import median
from typing import NamedTuple

import redis

from tests.bench.bare import bare_server
from tests.bench.cpu import backend_seconds
from tests.bench.load import CONNECTIONS
from tests.bench.report import Figures
from tests.ingest.gateway import gateway_process

SECONDS = 1.0
ROUNDS = 5
FSYNC = ("always", "everysec")
BATCHES = (10, 100, 1000)
SINGLE = {"website_id": "site-1", "page": "/pricing", "referrer": "https://www.google.com/", "title": "Pricing"}
_PATH = "/api/v1/analytics/event"


class Case(NamedTuple):
    server: str
    path: str
    body: object
    events: int


class Run(NamedTuple):
    """What came of a case: requests answered, and microseconds of the server's CPU a request."""

    requests: float
    per_second: float
    cpu: float


def single(server: str) -> Case:
    return Case(server, _PATH, SINGLE, 1)


def batch(server: str, size: int) -> Case:
    return Case(server, f"{_PATH}/batch", {"events": [SINGLE | {"page": f"/p/{n}"} for n in range(size)]}, size)


def measure(redis_url: str) -> Figures:
    """Requests a second as a ratio to each ceiling, and microseconds of the gateway's CPU, by case."""
    limits = {"RATE_LIMIT_PER_SITE": "10000000"}
    with ExitStack() as stack:
        started = {
            "raw": stack.enter_context(bare_server("raw")),
            "routed": stack.enter_context(bare_server("routed")),
            "gateway": stack.enter_context(gateway_process(redis_url, **limits)),
        }
        ports = {name: port for name, (_, port) in started.items()}
        return _measure_all(redis_url, ports, {name: process.pid for name, (process, _) in started.items()})


def _measure_all(redis_url: str, ports: Mapping[str, int], pids: Mapping[str, int]) -> Figures:
    singles = {name: single(name) for name in ports}
    batches = {f"batch of {size}": batch("gateway", size) for size in BATCHES}
    figures: Figures = {}
    with redis.Redis.from_url(redis_url) as client:
        for fsync in FSYNC:
            client.config_set("appendfsync", fsync)
            cases = singles if fsync == FSYNC[0] else singles | batches
            runs: dict[str, list[Run]] = {name: [] for name in cases}
            for _ in range(ROUNDS):
                for name, case in cases.items():
                    runs[name].append(run(case, ports[case.server], pids[case.server]))
                    # What has piled up must not slow the next down.
                    client.flushdb()
            middle = {
                name: (median(each.per_second for each in of), median(each.cpu for each in of))
                for name, of in runs.items()
            }
            for name, (rate, cpu) in middle.items():
                figures[f"{fsync}, {name}"] = {
                    "of routed 202": rate / middle["routed"][0],
                    "of raw 202": rate / middle["raw"][0],
                    "CPU of routed 202": cpu / middle["routed"][1],
                    "us CPU a request": cpu,
                    "us CPU an event": cpu / cases[name].events,
                }
        client.config_set("appendfsync", "always")
    return figures


def run(case: Case, port: int, pid: int) -> Run:
    """Send the case's body for SECONDS to the server at `port`, which is the process `pid`."""
    before = backend_seconds(pid)
    # As many visitors: each has a user agent of its own, and so a partition.
    answers = load(port, case.path, [case.body] * CONNECTIONS, SECONDS)
    assert answers["bad"] == 0, f"{answers['bad']} answers of {case.server} were not 202"
    return Run(answers["requests"], answers["per_second"], (backend_seconds(pid) - before) / answers["requests"] * 1e6)


def load(port: int, path: str, bodies: list[object], seconds: float, rate: float | None = None) -> dict[str, float]:
    """What `tests.bench.load` says, run in a process of its own."""
    arguments = [str(port), path, str(seconds), *([] if rate is None else [str(rate)])]
    lines = b"\n".join(json.dumps(body).encode() for body in bodies)
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.load", *arguments], input=lines, stdout=subprocess.PIPE, check=True
    )
    return json.loads(done.stdout)
