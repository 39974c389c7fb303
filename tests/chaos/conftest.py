"""One product for all tests of crashes: each keeps to a website of its own, and leaves everything healed."""

from collections.abc import Iterator

import pytest

from tests.chaos.given import Client
from tests.chaos.product import Product, running_product


@pytest.fixture(scope="session")
def shared_product() -> Iterator[Product]:
    with running_product() as running:
        yield running


@pytest.fixture
def product(shared_product: Product) -> Iterator[Product]:
    """Gateway, worker and both servers, running and well; whatever a test does to them ends with it."""
    for name in ("gateway", "worker"):
        if name not in shared_product.launchers:
            shared_product.start(name)
    shared_product.wait(shared_product.is_ready, "a gateway")
    yield shared_product
    shared_product.heal()
    for name in set(shared_product.launchers) - {"gateway", "worker"}:
        shared_product.stop(name)
    for server in shared_product.servers.by_name().values():
        if not server.is_kept:
            server.start()
    shared_product.servers.wait_ready()
    with shared_product.servers.redis() as client:
        client.config_set("appendfsync", "always")
        client.config_set("maxmemory", "1gb")


@pytest.fixture
def client(product: Product) -> Client:
    return Client(product)
