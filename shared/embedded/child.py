"""Child processes that give up root, die with their parent, and inherit nothing they were not given."""

import ctypes
import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# prctl(2): the signal that the kernel sends when the parent is gone, however it went.
_PR_SET_PDEATHSIG = 1
# Looked for in this order; the first that exists owns the servers' files. `nobody` is everywhere.
_SERVER_USERS = ("analytics", "postgres", "nobody")


@dataclass(frozen=True, slots=True)
class ServerUser:
    """The unprivileged user that the servers run as when this process is root."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True, kw_only=True)
class ChildOptions:
    """How a child starts. `user` None keeps the present one; `orphaned` is what it gets when its parent dies;
    `keep` are descriptors it inherits."""

    user: ServerUser | None
    log: Path
    orphaned: signal.Signals = signal.SIGKILL
    environ: Mapping[str, str] | None = None
    keep: tuple[int, ...] = ()


def choose_server_user() -> ServerUser | None:
    """None unless this process is root: then it is the user the servers are to run as."""
    if os.geteuid() != 0:
        return None
    for name in _SERVER_USERS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return ServerUser(name, entry.pw_uid, entry.pw_gid)
    raise RuntimeError(f"none of the users {', '.join(_SERVER_USERS)} exists: PostgreSQL cannot run as root")


def start_child(arguments: Sequence[str], options: ChildOptions) -> subprocess.Popen[bytes]:
    """Start `arguments` in a session of its own, so that a terminal's Ctrl-C reaches only the parent."""
    with options.log.open("ab") as log:
        return subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env=server_environ() if options.environ is None else options.environ,
            start_new_session=True,
            pass_fds=options.keep,
            user=options.user.uid if options.user else None,
            group=options.user.gid if options.user else None,
            extra_groups=[] if options.user else None,
            # Runs after the change of user, which would clear the setting.
            preexec_fn=die_with_parent(options.orphaned),  # noqa: PLW1509 - children are started by one thread
        )


def run_as(arguments: Sequence[str], user: ServerUser | None) -> str:
    """What the command printed; raises CalledProcessError with its output when it fails."""
    done = subprocess.run(
        arguments,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd="/",
        env=server_environ(),
        check=True,
        text=True,
        user=user.uid if user else None,
        group=user.gid if user else None,
        extra_groups=[] if user else None,
    )
    return done.stdout


def server_environ() -> dict[str, str]:
    """All that a database server needs to see of our environment: no PG* variable, no secret."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def die_with_parent(orphaned: signal.Signals) -> Callable[[], None]:
    """A function for the child to call between fork and exec."""
    parent = os.getpid()
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None

    def arm() -> None:
        if libc is not None:
            libc.prctl(_PR_SET_PDEATHSIG, int(orphaned), 0, 0, 0)
            # The parent may have died before the line above: then nobody would send the signal.
            if os.getppid() != parent:
                os._exit(1)

    return arm


def stop_child(child: subprocess.Popen[bytes], ask: signal.Signals, seconds: float) -> bool:
    """Ask the child to end and wait; False when it had to be killed after `seconds`."""
    if child.poll() is None:
        child.send_signal(ask)
    return await_end(child, seconds)


def await_end(child: subprocess.Popen[bytes], seconds: float) -> bool:
    """Wait for the child to end; False when it had to be killed after `seconds`."""
    try:
        child.wait(seconds)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
        return False
    return True
