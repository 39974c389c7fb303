"""Keeps a set of child processes running: starts them again when they end, stops them in order."""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from shared.clock import monotonic_seconds
from shared.embedded.child import await_end

_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 30.0
# A child that ran this long is taken to be well again.
_WELL_AFTER_SECONDS = 60.0
# A log of this size becomes `<name>.1` and begins anew, so two files of it at most are kept.
_LOG_BYTES = 16 * 2**20


@dataclass(kw_only=True)
class Service:
    """A child that must run. `start` returns it running, or raises."""

    name: str
    start: Callable[[], subprocess.Popen[bytes]]
    stop_signal: signal.Signals = signal.SIGTERM
    grace_seconds: float = 30.0
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    pause_seconds: float = field(default=_FIRST_PAUSE_SECONDS, init=False)
    started_at: float = field(default=0.0, init=False)
    restart_at: float | None = field(default=None, init=False)


class Supervisor:
    """Services in the order they were started; they stop in the reverse order.

    `refused` are the errors of a start that are tried again. Used by one thread.
    """

    def __init__(self, report: Callable[[str], None], refused: type[Exception], logs: Path) -> None:
        self._report = report
        self._refused = refused
        self._logs = logs
        self._services: list[Service] = []

    def start(self, service: Service) -> None:
        """Start it for the first time; what its start raises is raised here."""
        _start(service)
        self._services.append(service)

    def check(self) -> None:
        """Note which children have ended, and start again those whose pause is over."""
        now = monotonic_seconds()
        for service in self._services:
            if service.process is not None and service.process.poll() is not None:
                self._plan_restart(service, now, f"ended with status {service.process.returncode}")
            if service.restart_at is not None and now >= service.restart_at:
                try:
                    _start(service)
                except (self._refused, OSError) as error:
                    self._plan_restart(service, now, f"does not start: {error}")
        self._limit_logs()

    def stop(self) -> None:
        """End all of them, the last started first; those of one name prefix (`worker 1`, `worker 2`) together."""
        while self._services:
            prefix = self._services[-1].name.split()[0]
            group = [service for service in self._services if service.name.split()[0] == prefix]
            self._services = [service for service in self._services if service not in group]
            running = [service for service in group if service.process and service.process.poll() is None]
            for service in running:
                self._report(f"stopping {service.name}")
                assert service.process is not None
                service.process.send_signal(service.stop_signal)
            for service in running:
                assert service.process is not None
                if not await_end(service.process, service.grace_seconds):
                    self._report(f"{service.name} had to be killed after {service.grace_seconds:.0f} s")

    def _plan_restart(self, service: Service, now: float, what: str) -> None:
        if now - service.started_at > _WELL_AFTER_SECONDS:
            service.pause_seconds = _FIRST_PAUSE_SECONDS
        self._report(f"{service.name} {what}; starting it again in {service.pause_seconds:.1f} s")
        service.process = None
        service.restart_at = now + service.pause_seconds
        service.pause_seconds = min(2 * service.pause_seconds, _LONGEST_PAUSE_SECONDS)

    def _limit_logs(self) -> None:
        for log in self._logs.glob("*.log"):
            if log.stat().st_size > _LOG_BYTES:
                # Cut in place: the children append to the open file and need not know.
                shutil.copyfile(log, log.with_suffix(".log.1"))
                os.truncate(log, 0)


def _start(service: Service) -> None:
    service.restart_at = None
    service.started_at = monotonic_seconds()
    service.process = service.start()
