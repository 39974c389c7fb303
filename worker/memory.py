"""The sessions a worker remembers, and what it need not ask the database.

The memory is a cache of what is committed. An event needs every session of its visitor that was active
within its reach (30 minutes; 24 hours with a client's session id) before it. One instant is kept for all
visitors: what was active since then is here. A session that has gone on since it was dropped, under another
key, began before that instant and ends within 24 hours: an event after those needs no query, be its visitor
known or brand new. Each key also has the time of the event that brought it here: whatever that event or a
later one can belong to is here too, so that who is in the middle of a session needs no query either.
`recall.py` reads the rest, by visitor.

Taking a partition forgets everything: sessions read before may have gone on in another worker's hands.
What is dropped for want of room moves the instant forward.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice

from shared.session import LONGEST
from worker.session import Draft, Session, find_session

# About 0.8 KB each.
MAX_KEYS = 400_000
# Sessions of one visitor; a derived visitor cannot have more than 48 a day.
MAX_PER_KEY = 64
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(slots=True)
class _Known:
    """The sessions under a key, among them each that an event at or after `since` can belong to."""

    sessions: list[Session]
    since: datetime


class Memory:
    """Sessions by key, least recently used first. At first it knows of nothing, and of no instant."""

    def __init__(self, max_keys: int = MAX_KEYS) -> None:
        self._max_keys = max_keys
        self._known: dict[int, _Known] = {}
        # Of a session that is not here under each of its keys, no event was later when it was dropped.
        self.floor = _NEVER

    def __len__(self) -> int:
        return len(self._known)

    def known(self, key: int) -> Sequence[Session]:
        """The sessions remembered under `key`; not to be changed."""
        known = self._known.get(key)
        return () if known is None else known.sessions

    def takes(self, key: int, at: datetime, reach: timedelta, *, needs_open: bool) -> bool:
        """Whether an event at `at` belongs to a session that is here, whatever else is stored."""
        known = self._known.get(key)
        return (
            known is not None
            and at >= known.since
            and find_session(known.sessions, at, reach, needs_open=needs_open) is not None
        )

    def forget(self, newest: datetime) -> None:
        """Start anew: a partition was taken. No event stored is later than `newest`."""
        self._known.clear()
        self.floor = newest

    def unify(self, found: dict[int, list[Session]]) -> dict[int, list[Session]]:
        """`found` with the session remembered in place of one read again: each is there only once, so
        that what changes it under one key changes it under all."""
        mine = {session.session_hash: session for key in found for session in self.known(key)}
        return {key: [mine.get(session.session_hash, session) for session in found[key]] for key in found}

    def keep(self, draft: Draft) -> None:
        """Remember what a committed transaction did."""
        for session in draft.changed:
            session.first = None
            session.is_moved = False
        for key, sessions in draft.lists.items():
            # Taken out and put back: the end of the dict is what was used last.
            known = self._known.pop(key, None)
            if sessions:
                since = draft.since[key] if known is None else known.since
                known = self._known[key] = _Known([session.settled() for session in sessions], since)
                if len(sessions) > MAX_PER_KEY:
                    self._trim(known)
        self._make_room()

    def _trim(self, known: _Known) -> None:
        # Client sessions have a key of their own, and are dropped first.
        ranked = sorted(known.sessions, key=lambda session: (not session.is_client, session.last_at))
        excess = len(ranked) - MAX_PER_KEY
        known.sessions = ranked[excess:]
        for session in ranked[:excess]:
            self.floor = max(self.floor, session.last_at)
            known.since = max(known.since, session.started_at + LONGEST + timedelta.resolution)

    def _make_room(self) -> None:
        excess = len(self._known) - self._max_keys
        if excess <= 0:
            return
        # Many at once: to find what a dict holds first takes as long as it has had keys dropped before it.
        for key in list(islice(self._known, excess + self._max_keys // 16)):
            self.floor = max(self.floor, *(session.last_at for session in self._known.pop(key).sessions))
