"""A Valkey of a test's own, that may be killed."""

import signal
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import redis as blocking

from shared.embedded.valkey import valkey_program


class Valkey:
    """On a socket in a directory of its own."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.url = f"unix://{directory / 'valkey.sock'}"
        self.start()

    def start(self) -> None:
        options = ["--port", "0", "--unixsocket", str(self._directory / "valkey.sock"), "--dir", str(self._directory)]
        options += ["--appendonly", "yes", "--appendfsync", "always", "--save", "", "--maxmemory-policy", "noeviction"]
        self.process = subprocess.Popen([str(valkey_program()), *options], stdout=subprocess.DEVNULL)
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


@contextmanager
def own_valkey(directory: Path) -> Generator[Valkey]:
    server = Valkey(directory)
    try:
        yield server
    finally:
        server.stop(signal.SIGKILL)
