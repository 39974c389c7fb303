"""What three nodes of a cluster cost beside one server: the gateway on each by turns, `appendfsync always`.

All nodes are on this machine: what three machines take together is to be reckoned from the CPU an event.
"""

import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import median

import redis

from tests.bench.cpu import redis_seconds
from tests.bench.gateway import batch, run, single
from tests.bench.report import Figures
from tests.flow.cluster import cluster_in
from tests.ingest.gateway import gateway_process
from tests.services import Servers

PARTITIONS = 64
ROUNDS = 5
_CASES = {
    f"{kind}, {case.server}": case
    for server in ("one server", "three nodes")
    for kind, case in {"single": single(server), "batch of 100": batch(server, 100)}.items()
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
        rounds: dict[str, list[dict[str, float]]] = {name: [] for name in _CASES}
        for _ in range(ROUNDS):
            for name, case in _CASES.items():
                process, port = started[case.server]
                spent = sum(map(redis_seconds, clients[case.server]))
                found = run(case, port, process.pid)
                spent = sum(map(redis_seconds, clients[case.server])) - spent
                rounds[name].append(
                    {
                        "events/s": found.per_second * case.events,
                        "us CPU gateway": found.cpu / case.events,
                        "us CPU Valkey": spent / (found.requests * case.events) * 1e6,
                    }
                )
                for client in clients[case.server]:
                    client.flushdb()
        return {name: {what: median(of[what] for of in runs) for what in runs[0]} for name, runs in rounds.items()}
