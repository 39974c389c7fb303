"""SPEC R58: when an event happened, as far as its sender may be believed."""

from datetime import UTC, datetime, timedelta
from enum import Enum
from uuid import UUID

from ingest.refusal import EventError

AHEAD = timedelta(minutes=10)
ANONYMOUS_PAST = timedelta(days=7)
# The oldest UUIDv7 that the worker can still tell from a duplicate (RELIABILITY 3).
ID_AGE = timedelta(days=8)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Trust(Enum):
    """What a sender may say about time."""

    ANONYMOUS = 0
    KEYED = 1
    IMPORT = 2


class Window:
    """The times accepted for events received at `received`, for each kind of sender."""

    __slots__ = ("_since", "_until", "received", "trust")

    def __init__(self, received: datetime, trust: Trust, retention: timedelta) -> None:
        self.received = received
        self.trust = trust
        self._until = received + AHEAD
        if trust is Trust.IMPORT:
            self._since = _EPOCH
        else:
            self._since = received - (ANONYMOUS_PAST if trust is Trust.ANONYMOUS else retention)

    def resolve(self, timestamp: datetime, sent_at: datetime | None, retention_days: int | None) -> datetime | None:
        """The event's time in UTC, corrected by the sender's clock; None when the time of receipt must stand in
        for it (an anonymous sender's clock is off). `retention_days` is the website's own, where it has one.
        Raises timestamp_out_of_range."""
        since = self._since
        if retention_days is not None and self.trust is Trust.KEYED:
            since = max(since, self.received - timedelta(days=retention_days))
        try:
            if sent_at is not None:
                timestamp += self.received - sent_at
            if since <= timestamp <= self._until:
                return timestamp.astimezone(UTC)
        except OverflowError:
            pass
        if self.trust is Trust.ANONYMOUS:
            return None
        raise EventError(
            "timestamp_out_of_range",
            f"timestamp: must lie between {since.isoformat()} and {self._until.isoformat()}",
            "timestamp",
        )

    def check_id(self, event_id: UUID) -> None:
        """Raises event_too_old for a UUIDv7 made longer ago than duplicates can be told (SPEC R57)."""
        if event_id.version != 7 or self.trust is Trust.IMPORT:
            return
        made_ms = event_id.int >> 80
        if made_ms < (self.received - ID_AGE).timestamp() * 1000:
            raise EventError("event_too_old", f"id: made more than {ID_AGE.days} days ago", "id")
