"""Two PostgreSQL servers of which one follows the other by streaming replication."""

import os
import signal
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from shared.embedded.child import ChildOptions, run_as, start_child, stop_child
from shared.embedded.home import Home
from shared.embedded.postgres import DATABASE, OWNER, SUPERUSER, postgres_url
from tests.flow.pipeline import wait_until

PRIMARY_PORT, STANDBY_PORT = 5432, 5433


@dataclass
class Pair:
    """A primary, which belongs to `home`, and its standby."""

    home: Home
    standby: "subprocess.Popen[bytes]" = field(init=False)

    def __post_init__(self) -> None:
        self._data = self.home.servers_dir / "standby"
        self._programs = Path(f"/proc/{self._primary_pid()}/exe").resolve().parent
        source = self.superuser_url(PRIMARY_PORT)
        self._data.mkdir(mode=0o700)
        self.home.give(self._data)
        copy = str(self._programs / "pg_basebackup")
        run_as(
            [copy, f"--pgdata={self._data}", "--write-recovery-conf", "--checkpoint=fast", f"--dbname={source}"],
            self.home.user,
        )
        self.start_standby()

    def start_standby(self) -> None:
        """Start it, also again; returns when it answers."""
        options = ChildOptions(user=self.home.user, log=self.home.logs_dir / "standby.log", orphaned=signal.SIGINT)
        command = [str(self._programs / "postgres"), "-D", str(self._data), "-c", f"port={STANDBY_PORT}"]
        self.standby = start_child(command, options)
        wait_until(lambda: self._answers(STANDBY_PORT), "the standby")

    def url(self, *ports: int, attributes: str = "any") -> str:
        """The product's database on the first server of `ports` that is as libpq's `target_session_attrs` wants."""
        hosts = ",".join(str(self.home.socket_dir) for _ in ports)
        named = f"host={hosts} port={','.join(map(str, ports))} dbname={DATABASE} user={OWNER}"
        return f"{named} password={self.home.secret(f'postgres-{OWNER}')} target_session_attrs={attributes}"

    def superuser_url(self, port: int) -> str:
        return postgres_url(self.home, SUPERUSER, "postgres").replace(f"port={PRIMARY_PORT}", f"port={port}")

    def administer(self, port: int, *statements: str) -> None:
        with psycopg.connect(self.superuser_url(port), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def kill_primary(self) -> None:
        """All of it at once, as a machine that loses its power."""
        pid = self._primary_pid()
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not self._answers(PRIMARY_PORT), "the end of the primary")

    def stop_standby(self) -> None:
        stop_child(self.standby, signal.SIGQUIT, 30)

    def wait_replayed(self) -> None:
        """Return once the standby shows all that the primary has committed by now."""
        with psycopg.connect(self.superuser_url(PRIMARY_PORT)) as connection:
            row = connection.execute("SELECT pg_current_wal_flush_lsn()::text").fetchone()
        assert row is not None
        with psycopg.connect(self.superuser_url(STANDBY_PORT), autocommit=True) as connection:
            reached = b"SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn"
            wait_until(lambda: connection.execute(reached, row).fetchone() == (True,), "replay on the standby")

    def _primary_pid(self) -> int:
        return int((self.home.servers_dir / "postgres" / "postmaster.pid").read_text().split()[0])

    def _answers(self, port: int) -> bool:
        try:
            psycopg.connect(self.superuser_url(port), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


@contextmanager
def standby_of(home: Home) -> Generator[Pair]:
    """A standby of the running server of `home`, stopped at the end."""
    pair = Pair(home)
    try:
        yield pair
    finally:
        pair.stop_standby()
