"""Waiting for another connection to come to where a test holds it up."""

import time
from collections.abc import Callable

import psycopg

DEADLINE_SECONDS = 20.0


def is_waiting(connection: psycopg.Connection, pid: int) -> bool:
    found = connection.execute("SELECT wait_event_type FROM pg_stat_activity WHERE pid = %s", (pid,)).fetchone()
    return found == ("Lock",)


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
