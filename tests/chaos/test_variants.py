"""A harness that has never failed proves nothing: four wrong variants of the product, and each is caught
(RELIABILITY 4.4). The fault is the one that shows it, so that it is caught every time."""

import signal

import pytest

from tests.chaos.given import Client
from tests.chaos.product import Product
from worker.upkeep import LEADER_LOCK

RIGHT = ()


def replace_worker(product: Product, doubles: tuple[str, ...]) -> None:
    """One worker, wrong in the way of `doubles`."""
    if doubles:
        product.stop("worker")
        product.start("worker-wrong", *doubles)


@pytest.mark.parametrize(("doubles", "is_doubled"), [(RIGHT, False), (("forget_what_was_written",), True)])
def test_writing_again_what_was_written_is_caught(
    product: Product, client: Client, doubles: tuple[str, ...], is_doubled: bool
) -> None:
    replace_worker(product, doubles)
    product.arm("worker.after_commit")
    client.deliver()
    product.wait(lambda: not product.is_armed("worker.after_commit"), "a worker's death")
    client.settle()

    assert client.lost() == []
    assert (client.doubled() != []) is is_doubled


@pytest.mark.parametrize(("doubles", "is_lost"), [(RIGHT, False), (("acknowledge_before_commit",), True)])
def test_acknowledging_before_the_commit_is_caught(
    product: Product, client: Client, doubles: tuple[str, ...], is_lost: bool
) -> None:
    replace_worker(product, doubles)
    product.arm("worker.before_commit")
    client.deliver()
    product.wait(lambda: not product.is_armed("worker.before_commit"), "a worker's death")
    client.settle()

    assert client.doubled() == []
    assert (client.lost() != []) is is_lost


@pytest.mark.parametrize(("doubles", "is_lost"), [(RIGHT, False), (("commit_asynchronously",), True)])
def test_an_asynchronous_commit_is_caught(
    product: Product, client: Client, doubles: tuple[str, ...], is_lost: bool
) -> None:
    # Without whoever else would write the log out: a process of the server, and a worker's upkeep.
    product.stop("worker")
    with product.servers.connect_as_superuser() as connection, product.servers.connect() as leader:
        leader.execute("SELECT pg_advisory_lock(%s)", (LEADER_LOCK,))
        product.start("worker-chosen", *doubles)
        client.settle()
        row = connection.execute("SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'").fetchone()
        assert row is not None
        product.servers.postgres.send_to(row[0], signal.SIGSTOP)
        product.arm("worker.after_ack")
        client.deliver()
        product.wait(lambda: not product.is_armed("worker.after_ack"), "a worker's death")
        product.servers.postgres.kill_all()
    client.settle()

    assert client.doubled() == []
    assert (client.lost() != []) is is_lost


@pytest.mark.parametrize(("policy", "milliseconds", "is_lost"), [("always", 200, False), ("everysec", 3000, True)])
def test_a_log_that_is_not_written_before_the_answer_is_caught(
    product: Product, client: Client, policy: str, milliseconds: int, is_lost: bool
) -> None:
    valkey = product.servers.valkey
    if valkey.disk is None:
        pytest.skip("no C compiler, so no slow disk")
    product.stop("worker")
    with product.servers.redis() as redis:
        redis.config_set("appendfsync", policy)
        valkey.disk.slow(milliseconds)
        client.deliver()
        if policy == "everysec":
            # While one fsync is under way, not even the next write is made.
            product.wait(lambda: redis.info("persistence")["aof_pending_bio_fsync"] > 0, "an fsync")
    client.deliver()
    valkey.send(signal.SIGKILL)
    valkey.disk.heal()
    product.start("worker")
    client.settle()

    assert client.doubled() == []
    assert (client.lost() != []) is is_lost
