"""Rows of the crash matrix (RELIABILITY 2.2) from the stream to the database; matrix.py has the whole table."""

import signal

import pytest

from tests.chaos.disk import DATA, WAL
from tests.chaos.given import Client, disk_of
from tests.chaos.product import Product
from tests.flow.pipeline import free_port

FULL_DISK = {DATA: '"sqlstate": "53100"', WAL: "No space left on device"}


def test_c18_postgres_killed_again_and_again(product: Product, client: Client) -> None:
    for _ in range(2):
        client.deliver()
        product.servers.postgres.kill_all()
        client.deliver()
        product.servers.wait_ready()

    client.assert_each_once()


def test_c19_a_commit_whose_answer_is_lost(product: Product, client: Client) -> None:
    client.deliver()
    client.settle()
    proxy = product.proxies["worker-postgres"]
    cuts = proxy.cuts
    proxy.cut_at(b"COMMIT", arrives=True)

    client.deliver()
    product.wait(lambda: proxy.cuts > cuts, "a cut")

    client.assert_each_once()


def test_c20_without_a_database_until_the_limit(product: Product, client: Client) -> None:
    port = free_port()
    product.start("gateway-small", MAX_BACKLOG="3", INGEST_PORT=str(port))
    product.wait(lambda: product.entries() == 0, "empty streams")
    product.servers.postgres.stop(signal.SIGQUIT)
    statuses: list[int] = []

    def is_refused() -> bool:
        try:
            # One event is one entry: whenever the backlog is looked at, three have been accepted before it is full.
            statuses.append(client.post(client.events(1), port).status)
        except OSError:
            return False
        return statuses[-1] == 503

    product.wait(is_refused, "the limit")
    product.servers.postgres.start()
    product.servers.wait_ready()
    product.wait(lambda: not is_refused(), "room again")

    assert set(statuses) == {202, 503}
    assert statuses.count(202) >= 3
    client.assert_each_once()


@pytest.mark.parametrize("table", ["events", "ingest_counts"])
def test_c21_a_locked_table_is_waited_for(product: Product, client: Client, table: str) -> None:
    client.deliver()
    client.settle()
    with product.servers.connect() as connection, connection.transaction():
        connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE".encode())
        client.deliver()
        with pytest.raises(AssertionError):
            product.wait(lambda: product.entries() == 0, "nothing", seconds=1)

    client.assert_each_once()


@pytest.mark.parametrize("what", [DATA, WAL], ids=["c22_data", "c23_wal"])
def test_c22_c23_full_disk_of_the_database(product: Product, client: Client, what: int) -> None:
    disk = disk_of(product.servers.postgres)
    client.deliver()
    client.settle()
    # A server cannot log where there is no room, but what it told the worker.
    told = product.logs().count(FULL_DISK[what])
    disk.fill(what)
    for _ in range(3):
        client.deliver(client.events(900))
    product.wait(lambda: product.logs().count(FULL_DISK[what]) > told, "a full disk")
    disk.fill(0)

    client.assert_each_once()


def test_c27_a_black_hole_before_the_database(product: Product, client: Client) -> None:
    proxy = product.proxies["worker-postgres"]
    client.deliver()
    client.settle()
    proxy.swallow()
    client.deliver()
    with pytest.raises(AssertionError):
        product.wait(lambda: product.entries() == 0, "nothing", seconds=1)
    proxy.cut()
    proxy.release()

    client.assert_each_once()
