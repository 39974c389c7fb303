"""Looks through files for an address, in every form that a program could have written it in."""

import mmap
from collections.abc import Iterable, Iterator, Sequence
from ipaddress import IPv4Address, ip_address
from pathlib import Path


def forms(address: str) -> dict[str, bytes]:
    """By name: text, the digits of its bytes, and the bytes in both orders, as `inet` and integers hold them."""
    parsed = ip_address(address)
    found = {
        "text": str(parsed).encode(),
        "long text": parsed.exploded.encode(),
        "capitals": str(parsed).upper().encode(),
        "hex": parsed.packed.hex().encode(),
        "HEX": parsed.packed.hex().upper().encode(),
        "number": str(int(parsed)).encode(),
        "bytes": parsed.packed,
        "bytes in reverse": parsed.packed[::-1],
    }
    if isinstance(parsed, IPv4Address):
        # Four bytes of anything are these four once in 4 billion; `inet` has its family and width before them.
        found["inet"] = b"\x02\x20" + parsed.packed
    return found


def files_below(directory: Path, besides: Sequence[str] = ()) -> Iterator[Path]:
    """Every file with something in it, but those below a directory that is named so."""
    for path in sorted(directory.rglob("*")):
        if path.is_file() and path.stat().st_size and set(besides).isdisjoint(path.parts):
            yield path


def find_in(paths: Iterable[Path], texts: dict[str, bytes]) -> dict[str, list[str]]:
    """The names of the texts that are found, and the files that they are in."""
    found: dict[str, list[str]] = {}
    for path in paths:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            for name, text in texts.items():
                if content.find(text) >= 0:
                    found.setdefault(name, []).append(str(path))
    return found
