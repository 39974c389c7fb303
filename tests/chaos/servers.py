"""PostgreSQL and Valkey that may be killed, stopped, slowed down and filled, and that come back by themselves."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import redis

from shared.embedded.child import ChildOptions, server_environ, start_child, stop_child
from shared.embedded.home import Home, locked, open_home
from shared.embedded.postgres import SUPERUSER, postgres_url, start_postgres
from shared.embedded.valkey import start_valkey, valkey_url
from sql.migrate import migrate
from tests.chaos.disk import Disk, compile_disk

# A crashed server is started again this soon, as a supervisor would a little later.
PAUSE_SECONDS = 0.3
# Under faults for minutes there is a checkpoint now and then, and log enough to find out what happened.
_POSTGRES_SETTINGS = "max_wal_size = '1GB'\ncheckpoint_timeout = '60s'\nlog_line_prefix = '%m [%p] '\n"


@dataclass(kw_only=True)
class Server:
    """One server process; `disk` is None where no shim could be compiled."""

    name: str
    arguments: Sequence[str]
    options: ChildOptions
    disk: Disk | None
    process: "subprocess.Popen[bytes]" = field(init=False)
    is_kept: bool = field(default=True, init=False)
    starts: int = field(default=0, init=False)
    _ended_at: float | None = field(default=None, init=False)

    def start(self) -> None:
        self.is_kept = True
        self._ended_at = None
        self.starts += 1
        self.process = start_child(self.arguments, self.options)

    def supervise(self) -> None:
        """Start it again when it has ended by itself, after a pause."""
        if not self.is_kept or self.process.poll() is None:
            return
        now = time.monotonic()
        if self._ended_at is None:
            self._ended_at = now
        elif now - self._ended_at >= PAUSE_SECONDS:
            self.start()

    def send(self, number: int) -> None:
        with suppress(ProcessLookupError):
            self.process.send_signal(number)

    def send_to(self, pid: int, number: int) -> None:
        """Send a signal to a process that the server has started."""
        assert pid in children_of(self.process.pid)
        os.kill(pid, number)

    def kill_all(self) -> None:
        """`kill -9` of the process and of those it has started, at one instant."""
        for pid in (self.process.pid, *children_of(self.process.pid)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def stop(self, ask: signal.Signals) -> None:
        """End it for good."""
        self.is_kept = False
        self.send(signal.SIGCONT)
        stop_child(self.process, ask, 30)


@dataclass(frozen=True, kw_only=True)
class Servers:
    """Both servers, in a directory of their own."""

    home: Home
    postgres: Server
    valkey: Server

    def connect(self) -> psycopg.Connection:
        """A connection of the database's owner, past every proxy."""
        return psycopg.connect(postgres_url(self.home), autocommit=True, connect_timeout=5)

    def connect_as_superuser(self) -> psycopg.Connection:
        return psycopg.connect(postgres_url(self.home, SUPERUSER), autocommit=True, connect_timeout=5)

    def redis(self) -> "redis.Redis":
        """A client that may do everything, past every proxy."""
        return redis.Redis.from_url(valkey_url(self.home, "operator"), socket_timeout=5)

    def by_name(self) -> dict[str, Server]:
        return {server.name: server for server in (self.postgres, self.valkey)}

    def supervise(self) -> None:
        self.postgres.supervise()
        self.valkey.supervise()

    def wait_ready(self, seconds: float = 60) -> None:
        """Return when both answer; fails after `seconds`."""
        deadline = time.monotonic() + seconds
        while True:
            self.supervise()
            try:
                with self.connect() as connection, self.redis() as client:
                    connection.execute("SELECT 1")
                    client.ping()
            except (psycopg.Error, redis.RedisError):
                assert time.monotonic() < deadline, "a server did not come back"
                time.sleep(0.05)
            else:
                return


@contextmanager
def running_servers(programs: Path | None = None) -> Generator[Servers]:
    """Both servers on an empty migrated database; `programs` is the bin directory of another PostgreSQL."""
    directory = Path(tempfile.mkdtemp(prefix="analytics-chaos-"))
    directory.chmod(0o755)
    servers: list[Server] = []
    home: Home | None = None
    try:
        home = open_home(directory / "home", _quiet)
        with locked(home, _quiet) as lock:
            library = compile_disk(directory)
            first = start_postgres(home, lock, _quiet, programs)
            migrate(postgres_url(home))
            first.stop()
            with (home.servers_dir / "postgres" / "postgresql.conf").open("a") as configuration:
                configuration.write(_POSTGRES_SETTINGS)
            other = start_valkey(home, lock, _quiet)
            other.stop()
            for name, process, orphaned in (
                ("postgres", first.process, signal.SIGQUIT),
                ("valkey", other.process, signal.SIGKILL),
            ):
                disk = Disk(library, directory / f"{name}.disk") if library else None
                environ = server_environ() | (disk.environ if disk else {})
                log = home.logs_dir / f"{name}.log"
                options = ChildOptions(user=home.user, log=log, orphaned=orphaned, environ=environ, keep=(lock,))
                arguments = [str(word) for word in process.args]  # type: ignore[union-attr]
                servers.append(Server(name=name, arguments=arguments, options=options, disk=disk))
            for server in servers:
                server.start()
            both = Servers(home=home, postgres=servers[0], valkey=servers[1])
            both.wait_ready()
            try:
                yield both
            finally:
                for server in servers:
                    if server.disk is not None:
                        server.disk.heal()
                    server.stop(signal.SIGQUIT if server.name == "postgres" else signal.SIGKILL)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
        if home is not None:
            for other_directory in (home.servers_dir, home.socket_dir):
                shutil.rmtree(other_directory, ignore_errors=True)


def children_of(pid: int) -> list[int]:
    """The processes that `pid` has started and that still run."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _quiet(_line: str) -> None:
    """Progress is for people who wait."""
