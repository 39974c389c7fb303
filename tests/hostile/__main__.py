"""`python -m tests.hostile SECONDS`: how visitors are served, quiet and under each attack, in one run.

A line of JSON an attack. Attackers, visitors and gateway are processes that share this machine, so that the same attack
is also made on a bare server beside the gateway: what visitors wait longer then is not the gateway's doing.
"""

import argparse
import asyncio
import json
import os
from contextlib import nullcontext

import psutil

from tests.bench.bare import bare_server
from tests.hostile.attackers import attackers
from tests.hostile.attacks import ATTACKS
from tests.hostile.storm import VISITORS, watch
from tests.hostile.test_clients import LIMITS
from tests.hostile.visitor import PAUSE_SECONDS
from tests.ingest.gateway import gateway_process
from tests.services import Servers

MIB = 2**20
# Where many are the attack, many come.
CLIENTS = {"silent": 3000, "slow_headers": 500, "slow_bodies": 500, "bodies_that_stop": 500}
OTHER_CLIENTS = 20


def main() -> None:
    parser = argparse.ArgumentParser(prog="make hostile")
    parser.add_argument("seconds", type=int, help="how long each attack lasts, about")
    parser.add_argument("attacks", nargs="*", default=list(ATTACKS), metavar="ATTACK", help=", ".join(ATTACKS))
    options = parser.parse_args()
    requests = int(options.seconds / PAUSE_SECONDS * VISITORS)
    with Servers(os.environ) as servers:
        for attack in options.attacks:
            asyncio.run(_measure(servers.redis_url(), attack, requests))


async def _measure(redis_url: str, attack: str, requests: int) -> None:
    clients = CLIENTS.get(attack, OTHER_CLIENTS)
    with gateway_process(redis_url, **LIMITS) as (process, port), bare_server("routed") as (_, beside_port):
        gateway = psutil.Process(process.pid)
        before = await watch(port, gateway, nullcontext(), requests)
        beside = await watch(port, gateway, attackers(beside_port, [attack], clients), requests)
        seen = await watch(port, gateway, attackers(port, [attack], clients), requests)
        after = await watch(port, gateway, nullcontext(), requests)
    quiet = (before.p99_ms() + after.p99_ms()) / 2
    said = {
        "attack": attack,
        "clients": clients,
        "statuses": dict(seen.statuses),
        "p99_ms": round(seen.p99_ms(), 1),
        "p99_ms_quiet": round(quiet, 1),
        "p99_ms_beside": round(beside.p99_ms(), 1),
        "ratio": round(seen.p99_ms() / quiet, 2),
        "ratio_beside": round(seen.p99_ms() / beside.p99_ms(), 2),
        "memory_mib": [round(found.most_memory / MIB) for found in (before, seen, after)],
        "descriptors": [found.most_descriptors for found in (before, seen, after)],
    }
    print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main()
