"""A server's disk that a test can make slow or full while the server runs."""

import mmap
import shutil
import struct
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_name("disk.c")
# What is full.
DATA, WAL, EVERYTHING = 1, 2, 3


class Disk:
    """The disk of one server, healthy at first; `environ` is what the server is to be started with."""

    def __init__(self, library: Path, control: Path) -> None:
        control.write_bytes(bytes(8))
        control.chmod(0o644)
        with control.open("r+b") as file:
            self._control = mmap.mmap(file.fileno(), 8)
        self.environ = {"LD_PRELOAD": str(library), "DISK_CONTROL": str(control)}

    def slow(self, milliseconds: int) -> None:
        """Every fsync takes so much longer from now on."""
        self._control[0:4] = struct.pack("=i", milliseconds)

    def fill(self, what: int) -> None:
        """No write to DATA, WAL or EVERYTHING succeeds from now on; 0 makes room again."""
        self._control[4:8] = struct.pack("=i", what)

    def heal(self) -> None:
        self.slow(0)
        self.fill(0)


def compile_disk(directory: Path) -> Path | None:
    """The library to be loaded before the C library's; None on a machine without a C compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    library = directory / "disk.so"
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE), "-ldl"], check=True, capture_output=True
    )
    library.chmod(0o755)
    return library
