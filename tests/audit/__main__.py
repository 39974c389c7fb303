"""`python -m tests.audit`: known flaws in what we depend on, and in what we develop with.

A flaw fails. That nobody could be asked does not: it says nothing of what was changed here, and is said loudly.
"""

import subprocess
import sys

import msgspec

from shared.clock import utc_now
from tests.audit.judging import IGNORED, Report, judge, read_ignored

REQUIREMENTS = ("requirements.txt", "requirements-dev.txt")
# The pins are complete and hashed: nothing is resolved or installed.
_OPTIONS = ("--disable-pip", "--require-hashes", "--format", "json", "--progress-spinner", "off")


def main() -> None:
    """Exits with 1 on a flaw that is not ignored."""
    ignored = read_ignored(IGNORED.read_text("utf-8"))
    flaws: list[str] = []
    for requirements in REQUIREMENTS:
        asked = subprocess.run(
            [sys.executable, "-m", "pip_audit", "--requirement", requirements, *_OPTIONS, *sys.argv[1:]],
            check=False,
            capture_output=True,
            text=True,
        )
        try:
            verdict = judge(msgspec.json.decode(asked.stdout, type=Report), ignored, utc_now().date())
        except msgspec.DecodeError:
            last = (asked.stderr.strip().splitlines() or ["no answer"])[-1]
            _say_unaudited(requirements, f"all packages: {last.partition(':')[0]}")
            continue
        for line in verdict.tolerated:
            print(f"{requirements}: {line}")
        if verdict.unaudited:
            _say_unaudited(requirements, f"{len(verdict.unaudited)} packages, {verdict.unaudited[0]} the first of them")
        else:
            print(f"{requirements}: audited, {len(verdict.flaws)} flaws")
        flaws += [f"{requirements}: {line}" for line in verdict.flaws]
    if flaws:
        sys.exit("\n".join(flaws))


def _say_unaudited(requirements: str, what: str) -> None:
    line = "!" * 100
    print(f"{line}\n{requirements}: NOT AUDITED, no advisories could be had for {what}\n{line}", flush=True)


if __name__ == "__main__":
    main()
