"""The corpus in the repository: files of rows, one input a row, in base64.

`TARGET.txt` is what the fuzzer thinks worth trying, and is made anew by each run; `TARGET.found.txt` is what broke a
promise once, and only grows.
"""

from base64 import b64decode, b64encode
from collections.abc import Iterable
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"


def read_rows(target: str) -> list[bytes]:
    """The inputs that are known for `target`."""
    return _read(_worth(target)) + _read(_found(target))


def replace_rows(target: str, inputs: Iterable[bytes]) -> None:
    """Keep exactly these as worth trying, in an order that depends on them alone."""
    _write(_worth(target), inputs)


def add_findings(target: str, inputs: Iterable[bytes]) -> None:
    """Keep these for good."""
    _write(_found(target), [*_read(_found(target)), *inputs])


def _worth(target: str) -> Path:
    return CORPUS / f"{target}.txt"


def _found(target: str) -> Path:
    return CORPUS / f"{target}.found.txt"


def _read(path: Path) -> list[bytes]:
    return [b64decode(row) for row in path.read_text("ascii").split()] if path.exists() else []


def _write(path: Path, inputs: Iterable[bytes]) -> None:
    rows = sorted({b64encode(data).decode() for data in inputs if data}, key=lambda row: (len(row), row))
    path.write_text("".join(f"{row}\n" for row in rows), "ascii")
