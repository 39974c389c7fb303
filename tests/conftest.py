"""The fixtures of every test: databases of both flavours, a Redis, and a wall around them."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Never

import psycopg
import pytest
import redis
from redis.asyncio.connection import AbstractConnection as AsyncAbstractConnection
from redis.connection import AbstractConnection

from tests.browser.chromium import find_chromium
from tests.flow.pipeline import Pipeline
from tests.services import FLAVOURS, MOST_PROCESSES, POSTGRES, TIMESCALE, MissingServerError, Servers, present_flavours

_SERVICE_FIXTURES = frozenset(
    {"servers", "own_servers", "postgres_url", "database", "redis_url", "shared_pipeline", "shared_product", "product"}
)
_CLIENTS = (psycopg, psycopg.Connection, psycopg.AsyncConnection, AbstractConnection, AsyncAbstractConnection)
_NO_TIMESCALE = "TimescaleDB: NOT FOUND, its flavour is NOT TESTED (set TEST_TIMESCALE_URL, or REQUIRE_TIMESCALE=1)"
_NO_BROWSER = "Chromium: NOT FOUND, what is shown in a browser is NOT TESTED (install it, or REQUIRE_BROWSER=1)"


def pytest_report_header() -> list[str]:
    try:
        flavours = present_flavours(os.environ)
    except MissingServerError as error:
        raise pytest.UsageError(str(error)) from error
    program = find_chromium()
    if program is None and os.environ.get("REQUIRE_BROWSER") == "1":
        raise pytest.UsageError("REQUIRE_BROWSER=1, but no Chromium: install it")
    return [
        f"database flavours: {', '.join(flavours)}" if TIMESCALE in flavours else _NO_TIMESCALE,
        f"browser: {program}" if program else _NO_BROWSER,
    ]


def pytest_xdist_auto_num_workers() -> int:
    """Processes of `pytest -n auto`: more than two cores, since tests mostly wait for servers, and no more than
    `Servers.redis_url` has databases for."""
    return min(max(3, os.cpu_count() or 1), MOST_PROCESSES)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that look through a browser need one."""
    if find_chromium() is None:
        for item in items:
            if "browser" in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.skip(reason="no Chromium on this machine"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every test that asks for a database runs once on each flavour; one that looks through a browser on the plain one:
    what is seen there is made of answers that other tests compare on both."""
    if "flavour" in metafunc.fixturenames:
        flavours = (POSTGRES,) if "browser" in metafunc.fixturenames else present_flavours(os.environ)
        metafunc.parametrize("flavour", flavours, scope="session")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if TIMESCALE not in present_flavours(os.environ):
        terminalreporter.write_line(_NO_TIMESCALE, red=True, bold=True)
    if find_chromium() is None:
        terminalreporter.write_line(_NO_BROWSER, red=True, bold=True)


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """Every server of this run, started when asked for."""
    with Servers(os.environ) as running:
        yield running


@pytest.fixture(scope="module")
def own_servers() -> Iterator[Servers]:
    """Servers of one module's own, which it may kill."""
    with Servers(os.environ) as running:
        yield running


@pytest.fixture(scope="session")
def postgres_url(servers: Servers) -> str:
    """A plain PostgreSQL as its superuser, to make databases on."""
    return servers.database(POSTGRES).admin_url


@pytest.fixture
def database(servers: Servers, flavour: str) -> Iterator[str]:
    """The URL of a fresh migrated database, once for each flavour."""
    with servers.database(flavour).database() as url:
        yield url


@pytest.fixture
def redis_url(servers: Servers) -> str:
    """The URL of an empty Redis."""
    url = servers.redis_url()
    with redis.Redis.from_url(url) as client:
        client.flushdb()
    return url


@pytest.fixture
def pipeline(database: str, redis_url: str, tmp_path: Path) -> Iterator[Pipeline]:
    """Gateway, worker and query API as processes of their own, on an empty database and Redis."""
    running = Pipeline(database, redis_url, tmp_path)
    try:
        running.start_all()
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="session")
def shared_pipeline(servers: Servers, flavour: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """A running product for many tests: each keeps to a website of its own, and leaves the processes alone."""
    redis_url = servers.redis_url(1 + FLAVOURS.index(flavour))
    with servers.database(flavour).database() as url:
        running = Pipeline(url, redis_url, tmp_path_factory.mktemp(f"pipeline-{flavour}"))
        try:
            running.start_all()
            yield running
        finally:
            running.stop()


@pytest.fixture(autouse=True)
def only_asked_for_services(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that did not ask for a service cannot reach it, not even one that happens to run here."""
    for name in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    if _SERVICE_FIXTURES.isdisjoint(request.fixturenames):
        for owner in _CLIENTS:
            monkeypatch.setattr(owner, "connect", _refuse)


def _refuse(*_arguments: object, **_options: object) -> Never:
    raise AssertionError("this test did not ask for a service: take the fixture `database` or `redis_url`")
