"""What an audit of the dependencies comes to: flaws, those that are put up with, and what nobody looked at."""

import tomllib
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

import msgspec

IGNORED = Path(__file__).parent / "ignored.toml"


class Ignored(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An advisory that is put up with until a day, and why."""

    id: str
    until: date
    reason: str


class _Vulnerability(msgspec.Struct, frozen=True):
    id: str
    fix_versions: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


class _Dependency(msgspec.Struct, frozen=True):
    name: str
    version: str = ""
    vulns: tuple[_Vulnerability, ...] = ()
    skip_reason: str | None = None


class Report(msgspec.Struct, frozen=True):
    """As pip-audit writes it."""

    dependencies: tuple[_Dependency, ...]


class Verdict(NamedTuple):
    """`flaws` and `tolerated` are one line each; `unaudited` are names of packages."""

    flaws: list[str]
    tolerated: list[str]
    unaudited: list[str]


def read_ignored(text: str) -> tuple[Ignored, ...]:
    """The entries of the list; raises ValueError where one lacks something."""
    return msgspec.convert(tomllib.loads(text), dict[str, tuple[Ignored, ...]]).get("ignored", ())


def judge(report: Report, ignored: Sequence[Ignored], today: date) -> Verdict:
    """A flaw is ignored by its id or any other name of it, up to and with the last day."""
    verdict = Verdict([], [], [])
    for dependency in report.dependencies:
        if dependency.skip_reason is not None:
            verdict.unaudited.append(dependency.name)
        for found in dependency.vulns:
            fixed = f"fixed in {', '.join(found.fix_versions)}" if found.fix_versions else "not fixed yet"
            line = f"{dependency.name} {dependency.version}: {found.id}, {fixed}"
            entry = next((entry for entry in ignored if entry.id in {found.id, *found.aliases}), None)
            if entry is None:
                verdict.flaws.append(line)
            elif entry.until < today:
                verdict.flaws.append(f"{line}; was ignored until {entry.until}: {entry.reason}")
            else:
                verdict.tolerated.append(f"{line}; ignored until {entry.until}: {entry.reason}")
    return verdict
