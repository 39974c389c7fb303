"""Rows of the crash matrix (RELIABILITY 2.2) from the client to the stream; matrix.py has the whole table."""

import resource
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from shared.stream import CONSUMER_GROUP, stream_key
from tests.chaos.disk import DATA
from tests.chaos.given import Client, disk_of
from tests.chaos.product import PARTITIONS, Product
from tests.flow.pipeline import request


@pytest.mark.parametrize("point", ["before_xadd", "after_xadd"])
def test_c01_c02_gateway_killed_around_the_write(product: Product, client: Client, point: str) -> None:
    events = client.events()
    product.arm(f"gateway.{point}")

    with pytest.raises(ConnectionError):
        client.post(events)
    client.deliver(events)

    assert not product.is_armed(f"gateway.{point}")
    client.assert_each_once()


def test_c04_gateway_without_descriptors_recovers_alone(product: Product, client: Client) -> None:
    client.deliver()
    pid = product.pid("gateway")
    with ExitStack() as connections:
        soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (32, hard))
        for _ in range(60):
            with suppress(OSError):
                connections.enter_context(socket.create_connection(("127.0.0.1", product.ingest_port), timeout=1))
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))

    client.deliver()

    assert product.pid("gateway") == pid
    client.assert_each_once()


def test_c06_valkey_stopped_is_a_503_and_no_double(product: Product, client: Client) -> None:
    events = client.events()
    client.deliver()
    product.servers.valkey.send(signal.SIGSTOP)
    refused = client.post(events)
    product.servers.valkey.send(signal.SIGCONT)

    client.deliver(events)

    assert (refused.status, "retry-after" in refused.headers) == (503, True)
    client.assert_each_once()


def test_c07_everysec_is_told(product: Product) -> None:
    with product.servers.redis() as redis:
        redis.config_set("appendfsync", "everysec")
    product.signal("gateway", signal.SIGTERM)

    def durability() -> object:
        try:
            return request("GET", f"http://127.0.0.1:{product.ingest_port}/health").body["durability"]
        except OSError:
            return None

    product.wait(lambda: durability() == "everysec", "everysec in /health")
    with product.servers.redis() as redis:
        redis.config_set("appendfsync", "always")
    product.signal("gateway", signal.SIGTERM)
    product.wait(lambda: durability() == "always", "always in /health")


def test_c08_the_answer_waits_for_the_disk(product: Product, client: Client) -> None:
    client.deliver()
    disk_of(product.servers.valkey).slow(500)
    began = time.monotonic()

    client.deliver()

    assert time.monotonic() - began >= 0.5
    product.heal()
    client.assert_each_once()


def test_c09_a_torn_end_of_the_log_costs_nothing(product: Product, client: Client) -> None:
    product.signal("worker", signal.SIGSTOP)
    client.deliver()
    product.servers.valkey.stop(signal.SIGKILL)
    with log_of(product).open("ab") as log:
        log.write(b"*5\r\n$4\r\nXADD\r\n$8\r\nevents:0\r\n$1")

    product.servers.valkey.start()
    product.servers.wait_ready()
    product.signal("worker", signal.SIGCONT)

    client.assert_each_once()


def test_c10_a_log_broken_in_its_middle_stops_the_start(product: Product, client: Client) -> None:
    client.deliver()
    valkey = product.servers.valkey
    valkey.stop(signal.SIGKILL)
    whole = log_of(product).read_bytes()
    command = whole.index(b"$4\r\nXADD", len(whole) // 3)
    log_of(product).write_bytes(whole[:command] + b"$x" + whole[command + 2 :])

    valkey.start()
    valkey.process.wait(20)
    valkey.is_kept = False
    log_of(product).write_bytes(whole)
    valkey.start()
    product.servers.wait_ready()

    client.assert_each_once()


def log_of(product: Product) -> Path:
    """The part of Valkey's log that is written to."""
    return max((product.servers.home.servers_dir / "valkey" / "appendonlydir").glob("*.incr.aof"), key=lambda p: p.name)


def test_c11_full_disk_of_the_log(product: Product, client: Client) -> None:
    events = client.events()
    disk = disk_of(product.servers.valkey)
    client.deliver()
    disk.fill(DATA)
    refused = client.post(events)
    disk.fill(0)

    client.deliver(events)

    assert (refused.status, "retry-after" in refused.headers) == (503, True)
    client.assert_each_once()


def test_c12_full_memory_drains(product: Product, client: Client) -> None:
    events = client.events()
    product.signal("worker", signal.SIGSTOP)
    client.deliver()
    with product.servers.redis() as redis:
        redis.config_set("maxmemory", "1mb")
        refused = client.post(events)
        product.signal("worker", signal.SIGCONT)
        product.wait(lambda: product.entries() == 0, "streams drained at maxmemory")
        redis.config_set("maxmemory", "1gb")
    client.deliver(events)

    assert (refused.status, "retry-after" in refused.headers) == (503, True)
    client.assert_each_once()


def test_c26_a_write_whose_answer_is_lost(product: Product, client: Client) -> None:
    events = client.events()
    client.deliver()
    product.proxies["gateway-valkey"].cut_at(b"XADD", arrives=True)
    refused = client.post(events)

    client.deliver(events)

    assert (refused.status, "retry-after" in refused.headers) == (503, True)
    client.assert_each_once()


def test_c27_a_black_hole_before_valkey(product: Product, client: Client) -> None:
    events = client.events()
    client.deliver()
    product.proxies["gateway-valkey"].swallow()
    refused = client.post(events)
    product.proxies["gateway-valkey"].release()

    client.deliver(events)

    assert (refused.status, "retry-after" in refused.headers) == (503, True)
    client.assert_each_once()


def test_c28_a_gateway_whose_clock_is_wrong(product: Product, client: Client) -> None:
    events = client.events()
    client.deliver(events)
    for seconds in (3600, -3600, 0):
        pid = product.pid("gateway")
        product.shift_clock("gateway", seconds)
        product.wait(lambda pid=pid: product.pid("gateway") != pid and product.is_ready(), "a gateway")
        client.deliver(events)
        client.deliver()

    client.assert_each_once()


def test_c29_one_batch_a_thousand_times_at_once(product: Product, client: Client) -> None:
    events = client.events(5)
    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(client.post, [events] * 1000))

    assert {answer.status for answer in answers} == {202}
    client.assert_each_once()


def test_c38_gateway_before_the_first_worker(product: Product, client: Client) -> None:
    product.stop("worker")
    with product.servers.redis() as redis:
        redis.flushall()
    product.signal("gateway", signal.SIGKILL)
    client.deliver()
    product.start("worker")

    client.assert_each_once()


def test_c39_acknowledged_and_not_removed_is_no_state(product: Product, client: Client) -> None:
    client.deliver()
    client.settle()
    proxy = product.proxies["worker-valkey"]
    cuts = proxy.cuts
    proxy.cut_at(b"XDEL", arrives=False)
    client.deliver()
    product.wait(lambda: proxy.cuts > cuts, "a cut")

    client.assert_each_once()
    with product.servers.redis() as redis:
        for partition in range(PARTITIONS):
            assert redis.xlen(stream_key(partition)) == 0
            assert redis.xpending(stream_key(partition), CONSUMER_GROUP)["pending"] == 0
