"""Children are started again when they end, and stop in the reverse order of their start."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shared.embedded.child import ChildOptions, start_child
from shared.supervise import Service, Supervisor

_SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
_DEAF = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True); time.sleep(600)",
]
_DEADLINE_SECONDS = 20


class _RefusedError(Exception):
    """What a server's start may raise."""


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def supervisor(lines: list[str], tmp_path: Path) -> Iterator[Supervisor]:
    supervisor = Supervisor(lines.append, _RefusedError, tmp_path)
    yield supervisor
    supervisor.stop()


def _child(command: list[str], log: Path) -> subprocess.Popen[bytes]:
    return start_child(command, ChildOptions(user=None, log=log))


def _check_until(supervisor: Supervisor, condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        supervisor.check()
        time.sleep(0.02)


def test_a_child_that_ends_is_started_again(supervisor: Supervisor, lines: list[str], tmp_path: Path) -> None:
    service = Service(name="sleeper", start=lambda: _child(_SLEEP, tmp_path / "log"))
    supervisor.start(service)
    first = service.process
    assert first is not None

    first.kill()
    _check_until(supervisor, lambda: service.process not in {None, first})

    assert lines == ["sleeper ended with status -9; starting it again in 0.5 s"]


def test_a_start_that_fails_is_tried_again_and_later(supervisor: Supervisor, lines: list[str], tmp_path: Path) -> None:
    attempts: list[int] = []

    def start() -> subprocess.Popen[bytes]:
        attempts.append(1)
        if len(attempts) == 2:
            raise _RefusedError("not now")
        return _child(_SLEEP, tmp_path / "log")

    service = Service(name="server", start=start)
    supervisor.start(service)
    assert service.process is not None

    service.process.kill()
    _check_until(supervisor, lambda: len(attempts) == 3)

    assert lines[1] == "server does not start: not now; starting it again in 1.0 s"


def test_the_first_start_must_succeed(supervisor: Supervisor) -> None:
    def start() -> subprocess.Popen[bytes]:
        raise _RefusedError("never")

    with pytest.raises(_RefusedError):
        supervisor.start(Service(name="server", start=start))


def test_the_last_started_stops_first(supervisor: Supervisor, lines: list[str], tmp_path: Path) -> None:
    for name in ("server", "worker 1", "worker 2", "door"):
        supervisor.start(Service(name=name, start=lambda: _child(_SLEEP, tmp_path / "log")))

    supervisor.stop()

    assert lines == ["stopping door", "stopping worker 1", "stopping worker 2", "stopping server"]


def test_a_child_that_does_not_listen_is_killed(supervisor: Supervisor, lines: list[str], tmp_path: Path) -> None:
    log = tmp_path / "log"
    service = Service(name="deaf", start=lambda: _child(_DEAF, log), grace_seconds=0.2)
    supervisor.start(service)
    _check_until(supervisor, lambda: log.read_bytes() != b"")

    supervisor.stop()

    assert service.process is not None
    assert service.process.returncode == -signal.SIGKILL
    assert lines[-1] == "deaf had to be killed after 0 s"


def test_a_child_dies_with_its_parent(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from shared.embedded.child import ChildOptions, start_child\n"
        f"child = start_child({_SLEEP!r}, ChildOptions(user=None, log=Path({str(tmp_path / 'log')!r})))\n"
        "print(child.pid, flush=True); time.sleep(600)"
    )
    root = Path(__file__).parent.parent.parent
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=root) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())

        parent.kill()

    deadline = time.monotonic() + _DEADLINE_SECONDS
    while _runs(child):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_long_log_begins_anew(supervisor: Supervisor, tmp_path: Path) -> None:
    log = tmp_path / "worker-1.log"
    with log.open("wb") as file:
        file.truncate(16 * 2**20 + 1)

    supervisor.check()

    assert log.stat().st_size == 0
    assert (tmp_path / "worker-1.log.1").stat().st_size == 16 * 2**20 + 1


def _runs(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    try:
        # An orphan that nobody reaps stays as a zombie, which is dead all the same.
        return status.read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
