"""Runs one target under atheris, which ends the process: `python -m tests.fuzz.engine PROGRAM TARGET OPTIONS...`.

PROGRAM is what starts just this, TARGET included: the fuzzer starts itself anew to merge its corpus.
"""

import importlib
import sys
from typing import Any

# Only what `make fuzz` installs beside the development tools has it, and nothing else needs it.
atheris: Any = importlib.import_module("atheris")


def main() -> None:
    # What is imported meanwhile tells the fuzzer which way each input took.
    with atheris.instrument_imports(include=["ingest", "worker", "queryapi", "shared", "json"]):
        targets = importlib.import_module("tests.fuzz.targets").TARGETS
    _, program, target, *options = sys.argv
    atheris.Setup([program, *options], targets[target].check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
