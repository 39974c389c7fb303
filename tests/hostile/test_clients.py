"""Clients that mean ill take nothing from those that do not (RELIABILITY 6.3, S9, S14; C4).

How fast the others are served meanwhile is measured by `make hostile`; here it is counted that they are.
"""

import asyncio
from contextlib import nullcontext

import psutil
import pytest

from tests.flow.pipeline import wait_until
from tests.hostile.attackers import attackers
from tests.hostile.attacks import ATTACKS
from tests.hostile.storm import watch
from tests.ingest.gateway import gateway_process

CLIENTS = 20
REQUESTS = 40
# Several times what all of them may have in hand at once: a body and its copies each.
MAX_GROWTH_BYTES = 192 * 2**20
# As the README has them: what a visitor is limited by must not be what an attacker uses up.
LIMITS = {"RATE_LIMIT_PER_CLIENT": "100", "RATE_LIMIT_PER_SITE": "5000"}


@pytest.mark.parametrize("attack", ATTACKS)
async def test_visitors_are_served_under_attack(redis_url: str, attack: str) -> None:
    with gateway_process(redis_url, **LIMITS) as (process, port):
        gateway = psutil.Process(process.pid)
        quiet = await watch(port, gateway, nullcontext(), REQUESTS)
        seen = await watch(port, gateway, attackers(port, [attack], CLIENTS), REQUESTS)

        assert seen.statuses.keys() == {202}, seen.statuses
        assert seen.most_memory - quiet.most_memory < MAX_GROWTH_BYTES
        # Who sends on after an answer is given time to read it, and comes again meanwhile.
        assert seen.most_descriptors <= quiet.most_descriptors + 8 * CLIENTS
        # What remains are connections to Redis: one for each request that needed it at the same time.
        left = quiet.most_descriptors + CLIENTS
        await asyncio.to_thread(wait_until, lambda: gateway.num_fds() <= left, "closed connections")
