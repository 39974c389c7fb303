"""The file that a command reads: a path or standard input, packed with gzip or not."""

import gzip
import sys
import zlib
from io import BufferedIOBase, BufferedReader
from pathlib import Path

STDIN = "-"
GZIP_MAGIC = b"\x1f\x8b"
# What reading raises where what is packed is damaged or cut short.
DAMAGE = (gzip.BadGzipFile, EOFError, zlib.error)


def open_input(path: str) -> BufferedReader:
    """The bytes at `path`, "-" for standard input; raises OSError."""
    return open(0, "rb", closefd=False) if path == STDIN else Path(path).open("rb")


def unpacked(file: BufferedReader) -> BufferedIOBase:
    """What is in `file`, unpacked where it is gzip; reading it raises OSError or one of DAMAGE."""
    return gzip.GzipFile(fileobj=file) if file.peek(2)[:2] == GZIP_MAGIC else file


class Progress:
    """A line on standard error that follows the file's position; silent when nobody is looking."""

    def __init__(self, file: BufferedReader, path: str) -> None:
        self._file = file
        self._total_bytes = 0 if path == STDIN else Path(path).stat().st_size
        self._is_shown = sys.stderr.isatty()

    def show(self, text: str) -> None:
        """Show how far the file is read, and `text`."""
        if not self._is_shown:
            return
        done = f"{100 * self._file.tell() // self._total_bytes:3d} %" if self._total_bytes else "     "
        print(f"\r{done}  {text}", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Leave no trace of it."""
        if self._is_shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
