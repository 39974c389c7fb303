"""What an error of a write says, and how long to wait after it (RELIABILITY section 3, point 9)."""

import random
from enum import Enum

import psycopg

# 22 and 23 are about values, 54 about their size. 42 is about our own statements: a migration that has
# not run is never the fault of an event, so it waits like an outage.
_DATA_CLASSES = frozenset({"22", "23", "54"})
_DATA_STATES = frozenset({"0A000"})
_OPERATIONAL_CLASSES = frozenset({"08", "25", "40", "42", "53", "55", "57", "58", "XX"})
# A unique key met twice is another transaction's doing.
_UNIQUE_VIOLATION = "23505"
# What PostgreSQL says for a day without a partition: it was dropped, or not made yet.
CHECK_VIOLATION = "23514"
FIRST_DELAY_SECONDS = 0.1
LONGEST_DELAY_SECONDS = 10.0
# An error we have no word for is retried this often before it is taken for the events' fault.
MAX_UNKNOWN_RETRIES = 5


class Failure(Enum):
    """DATA: an event cannot be stored. OPERATIONAL: nothing is wrong with the events, try again for ever."""

    DATA = "data"
    OPERATIONAL = "operational"
    UNKNOWN = "unknown"


class PoisonFloodError(Exception):
    """So many events of one batch cannot be stored that the fault is more likely ours (RELIABILITY C33)."""


def classify(error: Exception) -> Failure:
    """The kind of an error raised while writing a batch."""
    state = sqlstate(error)
    if state is not None:
        if state == _UNIQUE_VIOLATION or state[:2] in _OPERATIONAL_CLASSES:
            return Failure.OPERATIONAL
        if state == CHECK_VIOLATION:
            return Failure.UNKNOWN
        return Failure.DATA if state in _DATA_STATES or state[:2] in _DATA_CLASSES else Failure.UNKNOWN
    if isinstance(error, psycopg.DataError):
        return Failure.DATA
    if isinstance(error, psycopg.Error | OSError | MemoryError):
        return Failure.OPERATIONAL
    # Raised by our own code for what an event holds: a revenue that is no number, a lone surrogate.
    return Failure.DATA


def sqlstate(error: Exception) -> str | None:
    """The SQLSTATE of a server's error; None for any other."""
    return error.sqlstate if isinstance(error, psycopg.Error) else None


def delay_seconds(attempt: int) -> float:
    """How long to wait after the `attempt`th failure in a row, from 1: doubling, the upper half of it by chance."""
    longest = min(LONGEST_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2 ** min(attempt - 1, 10))
    return random.uniform(longest / 2, longest)  # noqa: S311 (nobody gains by guessing it)
