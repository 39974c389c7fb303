"""What three nodes of a cluster cost beside one server: the gateway on each by turns, `appendfsync always`.

All nodes are on this machine: what three machines take together is to be reckoned from the CPU an event.
"""

import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import median

import redis

from tests.bench.cpu import backend_seconds, redis_seconds
from tests.bench.gateway import SINGLE, load
from tests.bench.load import CONNECTIONS
from tests.bench.report import Figures
from tests.flow.cluster import cluster_in
from tests.ingest.gateway import gateway_process
from tests.services import Servers

PARTITIONS = 64
SECONDS = 1.0
ROUNDS = 5
_PATH = "/api/v1/analytics/event"
# Path, body and number of events.
_CASES: dict[str, tuple[str, object, int]] = {
    "single": (_PATH, SINGLE, 1),
    "batch of 100": (f"{_PATH}/batch", {"events": [SINGLE | {"page": f"/p/{n}"} for n in range(100)]}, 100),
}


def measure(servers: Servers) -> Figures:
    """Events a second, and microseconds of CPU an event, of the gateway and of all nodes together."""
    limits = {"RATE_LIMIT_PER_SITE": "10000000", "STREAM_PARTITIONS": str(PARTITIONS)}
    with tempfile.TemporaryDirectory() as directory, ExitStack() as stack:
        nodes = stack.enter_context(cluster_in(Path(directory)))
        one = stack.enter_context(redis.Redis.from_url(servers.redis_url()))
        one.flushdb()
        one.config_set("appendfsync", "always")
        clients = {"one server": [one], "three nodes": [node.client for node in nodes]}
        cluster = {"STREAM_CLUSTER": ",".join(node.url for node in nodes)}
        started = {
            "one server": stack.enter_context(gateway_process(servers.redis_url(), **limits)),
            "three nodes": stack.enter_context(gateway_process(servers.redis_url(), **limits, **cluster)),
        }
        rounds: dict[str, list[dict[str, float]]] = {}
        for _ in range(ROUNDS):
            for case, (path, body, events) in _CASES.items():
                for name, (process, port) in started.items():
                    spent = backend_seconds(process.pid), sum(map(redis_seconds, clients[name]))
                    answers = load(port, path, [body] * CONNECTIONS, SECONDS)
                    assert answers["bad"] == 0, f"{answers['bad']} answers of {name}, {case}, were not 202"
                    taken = answers["requests"] * events / 1e6
                    rounds.setdefault(f"{case}, {name}", []).append(
                        {
                            "events/s": answers["per_second"] * events,
                            "us CPU gateway": (backend_seconds(process.pid) - spent[0]) / taken,
                            "us CPU Valkey": (sum(map(redis_seconds, clients[name])) - spent[1]) / taken,
                        }
                    )
                    for client in clients[name]:
                        client.flushdb()
        return {name: {what: median(of[what] for of in runs) for what in runs[0]} for name, runs in rounds.items()}
