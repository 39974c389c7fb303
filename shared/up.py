"""`analytics up`: everything on this machine, from the servers to the front door, until told to stop."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from shared.clock import monotonic_seconds, utc_now
from shared.doctor import check_redis
from shared.embedded.child import ChildOptions, start_child
from shared.embedded.home import EmbeddedError, Home, Report, locked, open_home
from shared.embedded.postgres import start_postgres
from shared.embedded.settings import as_environ, fill_settings
from shared.embedded.valkey import start_valkey
from shared.settings import SettingError, Settings
from shared.supervise import Service, Supervisor
from shared.tokens import checked_secret, make_token
from shared.user_commands import set_up
from sql.migrate import migrate

_READY_SECONDS = 60.0
_CHECK_SECONDS = 0.2
# SIGHUP is a closed terminal.
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _Stop(BaseException):
    """One of the signals that stop us arrived."""


def run_everything(settings: Settings, report: Report, *, has_demo: bool = False) -> None:
    """Start, supervise, and on SIGINT or SIGTERM stop in order; with a demo, traffic comes by itself. Raises
    EmbeddedError, SettingError, MigrationError when it cannot start."""
    with ExitStack() as stack:
        try:
            stack.enter_context(_signals_raise_stop())
            _refuse_unsafe(settings, report)
            settings = replace(settings, ingest_port=_free_port(settings))
            home = open_home(Path(settings.data_dir), report)
            lock = stack.enter_context(locked(home, report))
            supervisor = Supervisor(report, EmbeddedError, home.logs_dir)
            stack.callback(supervisor.stop)
            _start_servers(supervisor, settings, home, lock, report)
            filled = fill_settings(settings, home, "gateway")
            report("migrating the database")
            for name in migrate(filled.database_url):
                report(f"applied {name}")
            _start_services(supervisor, settings, home, report)
            _wait_until_ready(supervisor, settings)
            if has_demo:
                report("sending the demo's traffic")
                supervisor.start(_launched("demo", settings, home))
            _greet(filled, home, set_up(filled, utc_now))
            while True:
                supervisor.check()
                time.sleep(_CHECK_SECONDS)
        except _Stop:
            report("stopping")
    report("stopped; the data stays in " + settings.data_dir)


def _start_servers(supervisor: Supervisor, settings: Settings, home: Home, lock: int, report: Report) -> None:
    if not settings.redis_url:
        start = partial(start_valkey, home, lock, report)
        supervisor.start(Service(name="Valkey", start=lambda: start().process))
    if not settings.database_url:
        begin = partial(start_postgres, home, lock, report)
        service = Service(name="PostgreSQL", start=lambda: begin().process, stop_signal=signal.SIGINT)
        supervisor.start(service)


def _start_services(supervisor: Supervisor, settings: Settings, home: Home, report: Report) -> None:
    workers = [f"worker {number}" for number in range(1, settings.worker_count + 1)]
    environ = {**os.environ, **as_environ(fill_settings(settings, home, "worker"))}
    for name in workers:
        report(f"starting {name}")
        supervisor.start(Service(name=name, start=partial(_start_python, home, name, "worker", environ)))
    report("starting the front door")
    supervisor.start(_launched("front-door", settings, home))


def _launched(command: str, settings: Settings, home: Home) -> Service:
    """A child that runs one of our own commands."""
    return Service(
        name=command, start=partial(_start_python, home, command, "shared.launch", _front_door_environ(settings))
    )


def _front_door_environ(settings: Settings) -> Mapping[str, str]:
    # The front door finds the servers in DATA_DIR by itself: its two halves use different passwords.
    return {**os.environ, "DATA_DIR": str(Path(settings.data_dir).absolute()), "INGEST_PORT": str(settings.ingest_port)}


def _start_python(home: Home, name: str, module: str, environ: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", module, *([name] if module == "shared.launch" else [])]
    # SIGKILL should we die: they survive it by design, and nobody would be there to restart their servers.
    log = home.logs_dir / f"{name.replace(' ', '-')}.log"
    # The packages are found from here also when they are not installed.
    root = str(Path(__file__).parent.parent)
    return start_child(command, ChildOptions(user=None, log=log, environ={**environ, "PYTHONPATH": root}))


def _refuse_unsafe(settings: Settings, report: Report) -> None:
    """With servers of ours we make what is missing; servers that are not ours must be right."""
    makes_a_secret = not settings.jwt_secret and not (settings.database_url and settings.redis_url)
    if not settings.jwt_public_key and not makes_a_secret:
        checked_secret(settings.jwt_secret)
    for finding in check_redis(settings) if settings.redis_url else ():
        if finding.advice:
            line = f"{finding.subject}: {finding.state}: {finding.advice}"
            if not settings.is_development:
                raise SettingError(f"REDIS_URL: {line}")
            report(f"WARNING {line}")


def _free_port(settings: Settings) -> int:
    """The front door's port, after making sure that it can be had; 0 picks one."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.ingest_port))
        except OSError as error:
            message = f"INGEST_PORT: cannot listen on {settings.host}:{settings.ingest_port}: {error.strerror}"
            raise SettingError(message) from error
        return int(probe.getsockname()[1])


def _wait_until_ready(supervisor: Supervisor, settings: Settings) -> None:
    deadline = monotonic_seconds() + _READY_SECONDS
    while not _is_ready(settings):
        supervisor.check()
        if monotonic_seconds() > deadline:
            logs = Path(settings.data_dir) / "logs"
            raise EmbeddedError(f"the front door is not ready after {_READY_SECONDS:.0f} s; see {logs}")
        time.sleep(_CHECK_SECONDS)


def _is_ready(settings: Settings) -> bool:
    try:
        with urllib.request.urlopen(f"{_url(settings)}/ready", timeout=5) as answer:  # noqa: S310 - always http
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def _url(settings: Settings) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104
    return f"http://{host}:{settings.ingest_port}"


def _greet(settings: Settings, home: Home, setup_lines: Sequence[str]) -> None:
    lines = [
        "",
        f"  Ready: {_url(settings)}",
        f"  Events go to   POST {_url(settings)}/api/v1/analytics/event/batch",
        f"  Reports are at GET  {_url(settings)}/api/v1/analytics/dashboard/WEBSITE_ID?days=30",
        f"  Data: {home.data_dir}   Logs: {home.logs_dir}",
    ]
    if settings.jwt_secret:
        token = make_token(settings, utc_now, role="owner", websites=None)
        lines += ["", "  Token of the owner, valid for 24 hours (`analytics token` makes more):", f"  {token}"]
    if setup_lines:
        lines += ["", *setup_lines]
    print("\n".join([*lines, "", "  Ctrl-C stops everything."]), flush=True)


@contextmanager
def _signals_raise_stop() -> Generator[None]:
    def stop(_number: int, _frame: object) -> None:
        # Once: whoever presses Ctrl-C again must not cut the shutdown, every wait of which has an end.
        for number in _STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        raise _Stop

    before = {number: signal.signal(number, stop) for number in _STOP_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
