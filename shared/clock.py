"""The only place that asks what time it is, so that a test can hold the clock."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The present moment, aware, in UTC, to the microsecond."""
    return datetime.now(UTC)


def monotonic_seconds() -> float:
    """Seconds from an arbitrary origin that never run backwards; for durations only."""
    return time.monotonic()
