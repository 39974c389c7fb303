"""How events fall into sessions, in plain Python: nothing of the worker's."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.event import Event

_SILENCE = timedelta(minutes=30)
_LONGEST = timedelta(days=1)
_NEED_A_SESSION = frozenset({"engagement", "performance", "identify"})
_NO_ACTIVITY = frozenset({"performance", "identify"})


@dataclass
class ModelSession:
    """A session under every (visitor, client's name or None) that leads to it (SPEC R12, R13)."""

    started_at: datetime
    last_at: datetime
    names: set[tuple[str, str | None]] = field(default_factory=set[tuple[str, str | None]])
    events: int = 0
    # An event could as well have gone into another that began at the same instant.
    is_tied: bool = False

    def rank(self, at: datetime, reach: timedelta) -> tuple[int, timedelta] | None:
        """How well it takes an event at `at`, the least the best; None when it cannot (SPEC R16, R21)."""
        if self.started_at <= at <= self.last_at:
            return 0, at - self.started_at
        if self.started_at <= at and at - self.last_at <= reach and at - self.started_at <= _LONGEST:
            return 1, at - self.started_at
        if at < self.started_at and self.started_at - at <= reach and self.last_at - at <= _LONGEST:
            return 2, self.started_at - at
        return None


def sessions_of(batches: Iterable[Iterable[Event]]) -> list[ModelSession]:
    """The sessions of events that came batch by batch, in the order in which they began; what finds none that it
    needs is in none (SPEC R3)."""
    sessions: list[ModelSession] = []
    for batch in batches:
        for event in sorted(batch, key=lambda event: event.timestamp):
            found = _found(sessions, event, event.visitor_id)
            if found is None and event.previous_visitor_id is not None:
                found = _found(sessions, event, event.previous_visitor_id)
            if found is None:
                if event.event_type in _NEED_A_SESSION:
                    continue
                found = ModelSession(event.timestamp, event.timestamp)
                sessions.append(found)
            found.events += 1
            found.started_at = min(found.started_at, event.timestamp)
            if event.event_type not in _NO_ACTIVITY:
                found.last_at = max(found.last_at, event.timestamp)
            # An event without a name that falls into a client's session does not name it.
            found.names |= {(event.visitor_id, event.session_id), (event.visitor_id, None)}
    return sessions


def _found(sessions: Iterable[ModelSession], event: Event, visitor_id: str) -> ModelSession | None:
    reach = _SILENCE if event.session_id is None else _LONGEST
    ranked = [
        (rank, session)
        for session in sessions
        if (visitor_id, event.session_id) in session.names
        and (rank := session.rank(event.timestamp, reach)) is not None
        and not (rank[0] == 2 and event.event_type in _NEED_A_SESSION)
    ]
    if not ranked:
        return None
    best, found = min(ranked, key=lambda pair: pair[0])
    found.is_tied |= [rank for rank, _ in ranked].count(best) > 1
    return found
