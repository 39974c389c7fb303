"""The sessions a worker remembers, and up to which past it remembers all of them.

The memory is a cache of what is committed. An event needs every session of its visitor that was active
within its reach (30 minutes; 24 hours with a client's session id) before it. So per website one instant
is kept: every session active since then, of any visitor whose partition this worker owns, is here. An
event whose reach ends after that instant needs no query, be its visitor known or brand new: that is the
steady state. `recall.py` reads the rest: a website's recent sessions once, at its first event after
partitions were taken, and for late events only those of their visitors.

Taking a partition forgets everything: sessions read before may have gone on in another worker's hands.
What is dropped for want of room moves the instant forward for all websites.
"""

from datetime import UTC, datetime

from worker.session import Draft, Session

# About 0.7 KB each.
MAX_KEYS = 400_000
# Sessions of one visitor; a derived visitor cannot have more than 48 a day.
MAX_PER_KEY = 64
_NEVER = datetime.max.replace(tzinfo=UTC)
_ALWAYS = datetime.min.replace(tzinfo=UTC)


class Memory:
    """Sessions by key, least recently used first."""

    def __init__(self, max_keys: int = MAX_KEYS) -> None:
        self._max_keys = max_keys
        self._sessions: dict[int, list[Session]] = {}
        self._read_since: dict[str, datetime] = {}
        self.floor = _ALWAYS

    def __len__(self) -> int:
        return len(self._sessions)

    def known(self, key: int) -> list[Session]:
        """The sessions remembered under `key`; not to be changed."""
        return self._sessions.get(key, [])

    def complete_since(self, website_id: str) -> datetime:
        """All sessions of the website active at or after this instant are here."""
        return max(self._read_since.get(website_id, _NEVER), self.floor)

    def forget(self) -> None:
        """Start anew: a partition was taken."""
        self._sessions.clear()
        self._read_since.clear()
        self.floor = _ALWAYS

    def unify(self, found: dict[int, list[Session]]) -> dict[int, list[Session]]:
        """`found` with the session remembered in place of one read again: each is there only once, so
        that what changes it under one key changes it under all."""
        mine = {session.session_hash: session for key in found for session in self.known(key)}
        return {key: [mine.get(session.session_hash, session) for session in found[key]] for key in found}

    def learn(self, website_ids: list[str], since: datetime, found: dict[int, list[Session]]) -> None:
        """`found` are all committed sessions of the websites active since `since`, by key."""
        for key, sessions in self.unify(found).items():
            mine = self._sessions.setdefault(key, [])
            hashes = {session.session_hash for session in mine}
            mine += [session for session in sessions if session.session_hash not in hashes]
        for website_id in website_ids:
            self._read_since[website_id] = min(since, self._read_since.get(website_id, _NEVER))
        self._make_room()

    def keep(self, draft: Draft) -> None:
        """Remember what a committed transaction did."""
        for session in draft.changed:
            session.first = None
            session.is_moved = False
        for key, sessions in draft.lists.items():
            # Taken out and put back: the end of the dict is what was used last.
            self._sessions.pop(key, None)
            if sessions:
                settled = [session.settled() for session in sessions]
                self._sessions[key] = settled if len(settled) <= MAX_PER_KEY else self._newest(settled)
        self._make_room()

    def _newest(self, sessions: list[Session]) -> list[Session]:
        # Client sessions have a key of their own, so that dropping one here forgets nothing.
        ranked = sorted(sessions, key=lambda session: (not session.is_client, session.last_at))
        excess = len(ranked) - MAX_PER_KEY
        for session in ranked[:excess]:
            if not session.is_client:
                self.floor = max(self.floor, session.last_at)
        return ranked[excess:]

    def _make_room(self) -> None:
        while len(self._sessions) > self._max_keys:
            dropped = self._sessions.pop(next(iter(self._sessions)))
            self.floor = max(self.floor, *(session.last_at for session in dropped))
