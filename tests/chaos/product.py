"""The whole product with a faulty network between its parts: launched services, proxies, servers."""

import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg

from shared.clock import utc_now
from shared.embedded.child import ChildOptions, stop_child
from shared.embedded.postgres import DATABASE, OWNER
from shared.settings import read_settings
from shared.stream import stream_key
from shared.tokens import make_token
from tests.chaos.failpoints import DATABASE as IN_DATABASE
from tests.chaos.failpoints import Armory, DatabaseArmory
from tests.chaos.proxy import FaultProxy, Network
from tests.chaos.servers import Server, Servers, running_servers
from tests.flow.pipeline import free_port, request

ROOT = Path(__file__).parents[2]
PARTITIONS = 4
SECRET = "a-secret-that-is-in-no-log-0123456789"
SERVICES = {"gateway": "ingest", "worker": "worker", "reader": "queryapi"}


@dataclass(kw_only=True)
class Product:
    """Everything that runs. Its processes are started by the thread that made it."""

    servers: Servers
    network: Network
    directory: Path
    proxies: dict[str, FaultProxy] = field(default_factory=dict[str, FaultProxy])
    launchers: dict[str, Server] = field(default_factory=dict[str, Server])
    deaths: Counter[str] = field(default_factory=Counter[str])

    def __post_init__(self) -> None:
        home = self.servers.home
        valkey, postgres = home.socket_dir / "valkey.sock", home.socket_dir / ".s.PGSQL.5432"
        for name, upstream in (
            ("gateway-valkey", valkey),
            ("worker-valkey", valkey),
            ("worker-postgres", postgres),
            ("reader-postgres", postgres),
        ):
            self.proxies[name] = FaultProxy(self.network, upstream)
        self.ingest_port, self.query_port = free_port(), free_port()
        self.armory = Armory(self.directory)
        self.database_armory = DatabaseArmory()

    def start(self, name: str, *doubles: str, **extra: str) -> None:
        """Start the service `name`: gateway, reader, or worker with any suffix; wrong as `doubles` say."""
        kind = name.partition("-")[0]
        log = self.servers.home.logs_dir / f"{name}.log"
        arguments = ["-m", "tests.chaos.launch", SERVICES[kind], name, str(self.directory), *doubles]
        environ = self._environ(kind) | extra
        options = ChildOptions(user=None, log=log, environ=environ)
        launcher = Server(name=name, arguments=[sys.executable, *arguments], options=options, disk=None)
        launcher.start()
        self.launchers[name] = launcher

    def stop(self, name: str, ask: signal.Signals = signal.SIGTERM) -> None:
        """End the service for good."""
        launcher = self.launchers.pop(name)
        if ask == signal.SIGKILL:
            self.signal(name, ask)
        self.signal(name, signal.SIGCONT)
        stop_child(launcher.process, ask, 20)

    def workers(self) -> list[str]:
        return [name for name in self.launchers if name.startswith("worker")]

    def pid(self, name: str) -> int:
        """The running process of the service, 0 when there is none yet."""
        try:
            return int((self.directory / f"{name}.pid").read_text() or 0)
        except OSError:
            return 0

    def signal(self, name: str, number: int) -> None:
        """Send a signal to the service itself; it is started again when that ends it."""
        pid = self.pid(name)
        if pid:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def shift_clock(self, name: str, seconds: float) -> None:
        """Start the service again with a clock that is wrong by so much."""
        # Whole or not at all: the service may be starting just now.
        written = self.directory / f"{name}.clock.new"
        written.write_text(str(seconds))
        written.rename(self.directory / f"{name}.clock")
        self.signal(name, signal.SIGKILL)

    def heal(self) -> None:
        """Nothing is wrong any more, but for what has yet to recover."""
        for proxy in self.proxies.values():
            proxy.heal()
        for server in (self.servers.postgres, self.servers.valkey):
            if server.disk is not None:
                server.disk.heal()
            server.send(signal.SIGCONT)
        for name in self.launchers:
            (self.directory / f"{name}.clock").unlink(missing_ok=True)
            self.signal(name, signal.SIGCONT)

    def arm(self, point: str) -> None:
        """Have the next process or session that passes `point` end there."""
        if point in IN_DATABASE:
            with self.servers.connect() as connection:
                self.database_armory.arm(connection, point)
        else:
            self.armory.arm(point)

    def is_armed(self, point: str) -> bool:
        if point in IN_DATABASE:
            try:
                with self.servers.connect() as connection:
                    return self.database_armory.is_armed(connection, point)
            except psycopg.Error:
                return True
        return self.armory.is_armed(point)

    def disarm(self, point: str) -> None:
        """Nobody is to die at `point` any more; noted in `deaths` when somebody did."""
        has_died = not self.is_armed(point) if point in IN_DATABASE else not self.armory.disarm(point)
        self.deaths[point] += has_died

    def is_ready(self) -> bool:
        """The gateway takes events."""
        try:
            return request("GET", f"http://127.0.0.1:{self.ingest_port}/ready").status == 200
        except OSError:
            return False

    def entries(self) -> int:
        """How many entries the streams hold."""
        with self.servers.redis() as client:
            return sum(int(str(client.xlen(stream_key(partition)))) for partition in range(PARTITIONS))

    def wait(self, holds: Callable[[], bool], what: str, seconds: float = 30) -> None:
        """Keep the servers running until `holds`; fails with `what` after `seconds`."""
        deadline = time.monotonic() + seconds
        while not holds():
            self.servers.supervise()
            assert time.monotonic() < deadline, f"waited {seconds} s in vain: {what}\n{self.last_words()}"
            time.sleep(0.02)

    def logs(self) -> str:
        return "".join(path.read_text(errors="replace") for path in sorted(self.servers.home.logs_dir.glob("*.log*")))

    def last_words(self) -> str:
        """The end of every log."""
        logs = sorted(self.servers.home.logs_dir.glob("*.log"))
        return "\n".join(f"{path.name}: {path.read_text(errors='replace')[-600:]}" for path in logs)

    def token(self) -> str:
        return make_token(read_settings({"JWT_SECRET": SECRET}), utc_now, role="owner", websites=None)

    def _environ(self, kind: str) -> dict[str, str]:
        home = self.servers.home
        database = "reader-postgres" if kind == "reader" else "worker-postgres"
        valkey = "worker-valkey" if kind == "worker" else "gateway-valkey"
        role = "queryapi" if kind == "reader" else kind
        password = quote(home.secret(f"postgres-{OWNER}"), safe="")
        secret = quote(home.secret(f"valkey-{role}"), safe="")
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "DATABASE_URL": f"postgresql://{OWNER}:{password}@127.0.0.1:{self.proxies[database].port}/{DATABASE}",
            "REDIS_URL": f"redis://{role}:{secret}@127.0.0.1:{self.proxies[valkey].port}/0",
            "JWT_SECRET": SECRET,
            "STREAM_PARTITIONS": str(PARTITIONS),
            "INGEST_PORT": str(self.ingest_port),
            "ANALYTICS_SERVICE_PORT": str(self.query_port),
            "RATE_LIMIT_PER_CLIENT": "1000000",
            "RATE_LIMIT_PER_SITE": "1000000",
            "TRUSTED_PROXIES": "127.0.0.0/8",
            "DATA_DIR": str(self.directory),
        }


@contextmanager
def running_product(programs: Path | None = None) -> Generator[Product]:
    """Servers and proxies; services are for the caller to start. Nothing is left afterwards."""
    network = Network()
    try:
        with running_servers(programs) as servers:
            control = servers.home.data_dir / "control"
            control.mkdir()
            product = Product(servers=servers, network=network, directory=control)
            with servers.connect() as connection:
                product.database_armory.install(connection)
            try:
                yield product
            finally:
                for name in list(product.launchers):
                    product.stop(name, signal.SIGKILL)
    finally:
        network.stop()
