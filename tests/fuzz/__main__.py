"""`python -m tests.fuzz SECONDS [TARGET...]`: look for inputs that break a promise, guided by coverage.

What is found becomes a row of the corpus, which the ordinary tests replay; so does what reached code that no
row had reached, as long as the corpus stays small.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.fuzz.rows import add_findings, read_rows, replace_rows
from tests.fuzz.targets import TARGETS, Target

# Longer inputs find what shorter ones do, and the tests replay each row.
MAX_INPUT_BYTES = 2048
# Of one target, kept in the repository: the shortest of those that the fuzzer thinks worth keeping.
MAX_ROWS = 200
MAX_ROW_BYTES = 400
BACKSLASH = chr(92)


def main() -> None:
    """Exits with 1 when something was found."""
    parser = argparse.ArgumentParser(prog="make fuzz")
    parser.add_argument("seconds", type=int, help="how long to try each target")
    parser.add_argument("targets", nargs="*", default=list(TARGETS), metavar="TARGET", help=", ".join(TARGETS))
    options = parser.parse_args()
    findings = [name for name in options.targets if not _fuzz(name, TARGETS[name], options.seconds)]
    if findings:
        sys.exit(f"found something in {', '.join(findings)}: it is in the corpus, `make test` shows it")


def _fuzz(name: str, target: Target, seconds: int) -> bool:
    """Whether nothing was found."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as directory:
        known, found, kept = (Path(directory, part) for part in ("known", "found", "kept"))
        for part in (known, found, kept):
            part.mkdir()
        for number, data in enumerate(read_rows(name)):
            (known / str(number)).write_bytes(data)
        words = Path(directory, "words")
        words.write_text("".join(f'"{word.replace(BACKSLASH, 2 * BACKSLASH)}"\n' for word in target.words), "ascii")
        program = Path(directory, "program")
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -m tests.fuzz.engine "$0" {name} "$@"\n')
        program.chmod(0o700)
        said = _run([program, known, f"-max_total_time={seconds}", f"-dict={words}", f"-artifact_prefix={found}/"])
        runs = re.search(r"stat::number_of_executed_units: (\d+)", said)
        findings = [path.read_bytes() for path in found.iterdir()]
        print(f"{name}: {runs[1] if runs else '?'} inputs in {seconds} s, {len(findings)} findings", flush=True)
        if findings or runs is None:
            print(said[-6000:])
            add_findings(name, findings)
            return False
        _run([program, "-merge=1", kept, known])
        worth = sorted((path.read_bytes() for path in kept.iterdir()), key=len)
        replace_rows(name, [data for data in worth if len(data) <= MAX_ROW_BYTES][:MAX_ROWS])
    return True


def _run(command: Sequence[Path | str]) -> str:
    """What the fuzzer said."""
    limits = [f"-max_len={MAX_INPUT_BYTES}", "-print_final_stats=1", "-timeout=10", "-rss_limit_mb=2048"]
    done = subprocess.run([*command, *limits], check=False, capture_output=True, text=True, errors="replace")
    return done.stdout + done.stderr


if __name__ == "__main__":
    main()
