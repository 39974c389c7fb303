"""A service in a fork of this process, forked again whenever it ends: `python -m tests.chaos.launch SERVICE NAME
DIRECTORY [DOUBLE]`. The fork passes failpoints (failpoints.py), may have another clock, and may be a wrong
variant (doubles.py). A fork is there in milliseconds, as the services' own code is loaded once.
"""

import importlib
import os
import signal
import sys
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from shared.clock import utc_now
from shared.embedded.child import die_with_parent
from tests.chaos.doubles import DOUBLES
from tests.chaos.failpoints import Armory, install_failpoints

PAUSE_SECONDS = 0.1
# A service that ends this soon does so for a reason that needs a moment to go.
SOON_SECONDS = 1.0


def main() -> None:
    service, name, directory, *double = sys.argv[1:]
    start = importlib.import_module(f"{service}.__main__")
    control = Path(directory)
    install_failpoints(service, Armory(control))
    for chosen in double:
        DOUBLES[chosen]()
    child = 0
    is_stopping = False

    def stop(_number: int, _frame: object) -> None:
        nonlocal is_stopping
        is_stopping = True
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGTERM)

    signal.signal(signal.SIGTERM, stop)
    while not is_stopping:
        arm = die_with_parent(signal.SIGKILL)
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            arm()
            offset = clock_offset(control, name)
            if offset:
                vars(start)["utc_now"] = lambda wrong=offset: utc_now() + wrong
            start.main()
            os._exit(0)
        (control / f"{name}.pid").write_text(str(child))
        started = time.monotonic()
        os.waitpid(child, 0)
        time.sleep(PAUSE_SECONDS * (4 if time.monotonic() - started < SOON_SECONDS else 1))


def clock_offset(control: Path, name: str) -> timedelta:
    """By how much the clock of `name` is to be wrong at its next start."""
    try:
        return timedelta(seconds=float((control / f"{name}.clock").read_text()))
    except FileNotFoundError:
        return timedelta(0)


if __name__ == "__main__":
    main()
