"""The days that `events` and `event_seen` have room for, made when an event first needs them.

Upkeep makes them ahead; this is for what is older than the database, or for upkeep that has not run.
"""

from collections.abc import Iterable
from datetime import date

import psycopg

from shared.seen import ANY_BUCKET, IMPORTED_BUCKET


class Days:
    """Days known to be there; call `forget` when the server says that one is not."""

    def __init__(self) -> None:
        self._events: set[date] = set()
        # These two are no days: they have partitions of their own.
        self._seen: set[date] = {IMPORTED_BUCKET, ANY_BUCKET}

    def prepare(self, connection: psycopg.Connection, events: Iterable[date], seen: Iterable[date]) -> None:
        """Make room for these days, each in a transaction of its own. A dropped day stays dropped."""
        for day in set(events) - self._events:
            connection.execute("SELECT ensure_days(%(day)s, %(day)s)", {"day": day})
            self._events.add(day)
        for day in set(seen) - self._seen:
            connection.execute("SELECT ensure_seen_days(%(day)s, %(day)s)", {"day": day})
            self._seen.add(day)

    def forget(self) -> None:
        """Retention may have dropped any of them."""
        self._events.clear()
        self._seen = {IMPORTED_BUCKET, ANY_BUCKET}
