"""Everything that can go wrong, each as one function that does it and says how it is undone."""

import os
import random
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import NamedTuple

import psycopg
import redis

from tests.chaos.disk import DATA, WAL
from tests.chaos.failpoints import FAILPOINTS
from tests.chaos.product import Product
from tests.chaos.servers import Server, children_of


class Undo(NamedTuple):
    """What ends a fault that does not end by itself, and after how many seconds. An action that answers False could
    not be done, and is tried again."""

    seconds: float
    action: Callable[[], object]


Fault = Callable[[Product, random.Random], Undo | None]

# What the client of each proxy sends at the moments that matter.
_PATTERNS = {
    "gateway-valkey": (b"XADD",),
    "worker-valkey": (b"XREADGROUP", b"XACK", b"EXEC", b"XCLAIM"),
    "worker-postgres": (b"COMMIT", b"ingest_ledger", b"rollup_refresh", b"ingest_counts"),
    "reader-postgres": (b"SELECT",),
}


def kill_gateway(product: Product, _chance: random.Random) -> None:
    product.signal("gateway", signal.SIGKILL)


def kill_worker(product: Product, chance: random.Random) -> None:
    product.signal(chance.choice(product.workers()), signal.SIGKILL)


def kill_valkey(product: Product, _chance: random.Random) -> None:
    product.servers.valkey.send(signal.SIGKILL)


def kill_postmaster(product: Product, _chance: random.Random) -> None:
    product.servers.postgres.send(signal.SIGKILL)


def kill_postgres(product: Product, _chance: random.Random) -> None:
    product.servers.postgres.kill_all()


def kill_back_end(product: Product, chance: random.Random) -> None:
    """Which makes the postmaster end all the others and recover."""
    children = children_of(product.servers.postgres.process.pid)
    if children:
        _signal(chance.choice(children), signal.SIGKILL)


def stop_gateway(product: Product, chance: random.Random) -> Undo:
    product.signal("gateway", signal.SIGSTOP)
    return Undo(chance.uniform(0.5, 3), lambda: product.signal("gateway", signal.SIGCONT))


def stop_worker(product: Product, chance: random.Random) -> Undo:
    name = chance.choice(product.workers())
    product.signal(name, signal.SIGSTOP)
    return Undo(chance.uniform(0.5, 5), lambda: product.signal(name, signal.SIGCONT))


def stop_valkey(product: Product, chance: random.Random) -> Undo:
    return _stop_server(product.servers.valkey, chance)


def stop_postmaster(product: Product, chance: random.Random) -> Undo:
    return _stop_server(product.servers.postgres, chance)


def stop_back_end(product: Product, chance: random.Random) -> Undo | None:
    children = children_of(product.servers.postgres.process.pid)
    if not children:
        return None
    chosen = chance.choice(children)
    _signal(chosen, signal.SIGSTOP)
    return Undo(chance.uniform(0.3, 2), lambda: _signal(chosen, signal.SIGCONT))


def end_gateway(product: Product, _chance: random.Random) -> None:
    product.signal("gateway", signal.SIGTERM)


def end_worker(product: Product, chance: random.Random) -> None:
    product.signal(chance.choice(product.workers()), signal.SIGTERM)


def end_reader(product: Product, _chance: random.Random) -> None:
    product.signal("reader", signal.SIGTERM)


def end_valkey(product: Product, _chance: random.Random) -> None:
    product.servers.valkey.send(signal.SIGTERM)


def end_postgres(product: Product, chance: random.Random) -> None:
    product.servers.postgres.send(chance.choice([signal.SIGINT, signal.SIGQUIT]))


def end_everything_in_turn(product: Product, _chance: random.Random) -> Undo:
    """A rolling restart: the gateway now, the workers a little later."""
    product.signal("gateway", signal.SIGTERM)
    return Undo(0.7, lambda: [product.signal(name, signal.SIGTERM) for name in product.workers()])


def terminate_sessions(product: Product, _chance: random.Random) -> None:
    with suppress(psycopg.Error), product.servers.connect() as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def cut_connections(product: Product, chance: random.Random) -> None:
    product.proxies[chance.choice(sorted(product.proxies))].cut()


def cut_at_pattern(product: Product, chance: random.Random) -> Undo:
    """The command arrives and its answer is lost, or it does not arrive."""
    name = chance.choice(sorted(_PATTERNS))
    product.proxies[name].cut_at(chance.choice(_PATTERNS[name]), arrives=chance.random() < 0.7)
    return Undo(4, product.proxies[name].disarm)


def swallow(product: Product, chance: random.Random) -> Undo:
    """A black hole: nothing gets through, nobody is told."""
    proxy = product.proxies[chance.choice(sorted(product.proxies))]
    proxy.swallow()
    return Undo(chance.uniform(1, 5), proxy.release)


def slow_fsync(product: Product, chance: random.Random) -> Undo | None:
    server = chance.choice([product.servers.valkey, product.servers.postgres])
    if server.disk is None:
        return None
    disk = server.disk
    disk.slow(chance.choice([20, 100, 700]))
    return Undo(chance.uniform(1, 4), lambda: disk.slow(0))


def fill_disk(product: Product, chance: random.Random) -> Undo | None:
    server, what = chance.choice(
        [(product.servers.valkey, DATA), (product.servers.postgres, DATA), (product.servers.postgres, WAL)]
    )
    if server.disk is None:
        return None
    disk = server.disk
    disk.fill(what)
    return Undo(chance.uniform(0.3, 1.5), lambda: disk.fill(0))


def fill_memory(product: Product, chance: random.Random) -> Undo:
    _set_maxmemory(product, "1mb")
    return Undo(chance.uniform(0.5, 2), lambda: _set_maxmemory(product, "1gb"))


def shift_clock(product: Product, chance: random.Random) -> Undo:
    product.shift_clock("gateway", chance.choice([-3600, -90, 90, 3600]))
    return Undo(chance.uniform(2, 5), lambda: product.shift_clock("gateway", 0))


def lock_table(product: Product, chance: random.Random) -> Undo | None:
    try:
        connection = product.servers.connect()
        connection.execute("SET lock_timeout = '1s'")
        connection.execute("BEGIN")
        connection.execute(
            chance.choice(
                [
                    b"LOCK TABLE events IN ACCESS EXCLUSIVE MODE",
                    b"LOCK TABLE ingest_counts IN ACCESS EXCLUSIVE MODE",
                    b"LOCK TABLE rollup_dirty IN ACCESS EXCLUSIVE MODE",
                ]
            )
        )
    except psycopg.Error:
        return None
    return Undo(chance.uniform(0.5, 3), connection.close)


def reach_failpoint(product: Product, chance: random.Random) -> Undo | None:
    point = chance.choice(FAILPOINTS)
    try:
        product.arm(point)
    except psycopg.Error:
        return None
    return Undo(5, lambda: product.disarm(point))


FAULTS: Mapping[str, Fault] = {
    fault.__name__: fault
    for fault in (
        kill_gateway,
        kill_worker,
        kill_valkey,
        kill_postmaster,
        kill_postgres,
        kill_back_end,
        stop_gateway,
        stop_worker,
        stop_valkey,
        stop_postmaster,
        stop_back_end,
        end_gateway,
        end_worker,
        end_reader,
        end_valkey,
        end_postgres,
        end_everything_in_turn,
        terminate_sessions,
        cut_connections,
        cut_at_pattern,
        swallow,
        slow_fsync,
        fill_disk,
        fill_memory,
        shift_clock,
        lock_table,
        reach_failpoint,
    )
}
# Faults that are many in one.
_WEIGHTS = {"reach_failpoint": 24, "cut_at_pattern": 5, "kill_worker": 3, "kill_gateway": 2, "cut_connections": 2}


class Planned(NamedTuple):
    """A fault to come: seconds from the start, its name, and the seed of what it leaves to chance."""

    at: float
    name: str
    seed: int


def plan(seed: int, seconds: float, every: float) -> list[Planned]:
    """The faults of a run: the same for the same arguments."""
    chance = random.Random(seed)
    names = sorted(FAULTS)
    weights = [_WEIGHTS.get(name, 1) for name in names]
    found: list[Planned] = []
    at = every
    while at < seconds:
        found.append(Planned(at, chance.choices(names, weights)[0], chance.getrandbits(32)))
        at += chance.uniform(0.5, 1.5) * every
    return found


def _stop_server(server: Server, chance: random.Random) -> Undo:
    server.send(signal.SIGSTOP)
    return Undo(chance.uniform(0.5, 4), lambda: server.send(signal.SIGCONT))


def _signal(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _set_maxmemory(product: Product, size: str) -> bool:
    """False while the server does not answer."""
    try:
        with product.servers.redis() as client:
            client.config_set("maxmemory", size)
    except redis.RedisError:
        return False
    return True
