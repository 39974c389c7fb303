"""Named places where a test can stop, delay or break a process (RELIABILITY 4.1).

`FAIL_AT="worker.after_commit:3"` ends the process as `kill -9` would at the third pass;
`worker.after_commit:3:raise` raises OSError there, `worker.after_commit:3:sleep=5` waits five seconds.
Several are separated by commas. Ignored unless `ANALYTICS_TESTING=1`.
"""

import os
import time
from collections import Counter
from collections.abc import Callable, Mapping

Failpoint = Callable[[str], None]
KILLED = 137


def read_failpoints(environ: Mapping[str, str]) -> Failpoint:
    """What code calls with a place's name as it passes; raises ValueError on a malformed `FAIL_AT`."""
    if environ.get("ANALYTICS_TESTING") != "1" or not environ.get("FAIL_AT"):
        return never
    planned: dict[tuple[str, int], str] = {}
    for item in environ["FAIL_AT"].split(","):
        name, passes, *action = item.strip().split(":")
        planned[name, int(passes)] = action[0] if action else "kill"
    passed: Counter[str] = Counter()

    def reach(name: str) -> None:
        passed[name] += 1
        action = planned.get((name, passed[name]))
        if action is not None:
            _fail(name, action)

    return reach


def never(_name: str) -> None:
    """No failpoint is set."""


def _fail(name: str, action: str) -> None:
    if action == "kill":
        os._exit(KILLED)
    elif action == "raise":
        raise OSError(f"failpoint {name}")
    elif action.startswith("sleep="):
        time.sleep(float(action.removeprefix("sleep=")))
    else:
        raise ValueError(f"FAIL_AT: unknown action {action!r}")
