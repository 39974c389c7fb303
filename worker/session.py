"""Which session an event belongs to (SPEC R3, R12, R13, R16-R21). Pure: knows neither database nor cache.

A session is never split by midnight or referrer (R18): time decides, or the client's own session id,
and on websites that want it the campaign. Sessions are found under two kinds of key, both 64-bit
hashes: the visitor's, for events without a session id, and the (visitor, client session id)'s. Callers
give events in time order.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.event import ENGAGEMENT, IDENTIFY, PERFORMANCE, Event
from shared.hashes import digest64
from shared.session import LONGEST, SILENCE
from worker.batch import Incoming
from worker.hashes import client_session_hash, derived_session, hash64
from worker.source import Campaign, campaign_of

# R3: these need a session that is open at their time.
NEEDS_SESSION = frozenset({ENGAGEMENT, PERFORMANCE, IDENTIFY})
# R17: these say nothing of the visitor's presence.
NO_ACTIVITY = frozenset({PERFORMANCE, IDENTIFY})


@dataclass(slots=True, eq=False)
class Session:
    """One session as far as it is known. `first_arrival` breaks the tie between events at its start.

    `first` is the event whose attributes are the session's (R19) as long as they are not worked out
    into `attributes`, which are as row.py writes them, and `campaign`; `is_moved` says that rows already
    stored carry an outdated start.
    """

    website_id: str
    session_id: str
    session_hash: int
    started_at: datetime
    first_arrival: int
    last_at: datetime
    is_client: bool
    is_new_user: bool | None
    attributes: bytes | None
    first: Incoming | None = None
    campaign: Campaign | None = None
    is_moved: bool = False
    original: "Session | None" = None

    def copy(self) -> "Session":
        """The same session, free to change; `settled` once the changes are committed."""
        copy = Session(
            self.website_id,
            self.session_id,
            self.session_hash,
            self.started_at,
            self.first_arrival,
            self.last_at,
            self.is_client,
            self.is_new_user,
            self.attributes,
            campaign=self.campaign,
        )
        copy.original = self
        return copy

    def settled(self) -> "Session":
        """The session that this is a copy of, with the changes made to the copy: whoever finds it, under
        whatever key, sees them."""
        original = self.original
        if original is None:
            return self
        original.started_at = self.started_at
        original.first_arrival = self.first_arrival
        original.last_at = self.last_at
        original.attributes = self.attributes
        original.campaign = self.campaign
        return original


class Draft:
    """The sessions one transaction sees and changes; what it was given stays as it was."""

    def __init__(self, known: Callable[[int], Iterable[Session]]) -> None:
        self._known = known
        self._copies: dict[int, Session] = {}
        self.lists: dict[int, list[Session]] = {}
        # The time of the first event that asked for each.
        self.since: dict[int, datetime] = {}
        self.changed: list[Session] = []

    def of(self, key: int, at: datetime) -> list[Session]:
        """The sessions under `key` as this transaction leaves them, for an event at `at`."""
        sessions = self.lists.get(key)
        if sessions is None:
            self.since[key] = at
            sessions = self.lists[key] = [self._copy(session) for session in self._known(key)]
        return sessions

    def add(self, key: int, session: Session, at: datetime) -> None:
        """Let `session` be found under `key` too, by an event at `at`."""
        sessions = self.of(key, at)
        if session not in sessions:
            self._copies[session.session_hash] = session
            sessions.append(session)

    def _copy(self, session: Session) -> Session:
        copy = self._copies.get(session.session_hash)
        if copy is None:
            copy = self._copies[session.session_hash] = session.copy()
        return copy


def place_event(draft: Draft, incoming: Incoming, *, splits_on_campaign: bool = False) -> Session | None:
    """The session of the event, begun or extended in `draft`; None when it needs one that is open (R3)."""
    event = incoming.event
    at = event.timestamp
    key = session_key(event, event.visitor_id)
    reach = reach_of(event)
    needs_open = event.event_type in NEEDS_SESSION
    session = find_session(draft.of(key, at), at, reach, needs_open=needs_open)
    if session is None and event.previous_visitor_id is not None:
        # R12: a session goes on under today's id when the salt has changed.
        session = find_session(
            draft.of(session_key(event, event.previous_visitor_id), at), at, reach, needs_open=needs_open
        )
        if session is not None:
            draft.add(key, session, at)
            draft.add(hash64(event.website_id, event.visitor_id), session, at)
    if session is not None and splits_on_campaign and event.session_id is None and not needs_open:
        session = None if _has_another_campaign(session, event) else session
    if session is None:
        return None if needs_open else _begin(draft, incoming, key)
    if at > session.last_at:
        if event.event_type not in NO_ACTIVITY:
            session.last_at = at
    elif at <= session.started_at and (at, incoming.arrival) < (session.started_at, session.first_arrival):
        _move(draft, session, incoming)
    return session


def find_session(sessions: Iterable[Session], at: datetime, reach: timedelta, *, needs_open: bool) -> Session | None:
    """The session that takes an event at `at`: the one that spans it, else the one still open then, else
    (R21) the one that begins at most `reach` later. Of several the latest, the latest, the earliest: a
    bridge between two sessions extends the earlier one and merges nothing."""
    open_then: Session | None = None
    later: Session | None = None
    for session in sessions:
        if session.started_at <= at:
            if (
                at - session.last_at <= reach
                and at - session.started_at <= LONGEST
                and (open_then is None or _preference(session, at) > _preference(open_then, at))
            ):
                open_then = session
        elif (
            session.started_at - at <= reach
            and session.last_at - at <= LONGEST
            and (later is None or session.started_at < later.started_at)
        ):
            later = session
    return open_then if open_then is not None or needs_open else later


def _has_another_campaign(session: Session, event: Event) -> bool:
    """Whether the later of the two came by a campaign, and not by the one of the earlier; what lies inside of a
    session is part of it."""
    if session.started_at <= event.timestamp <= session.last_at:
        return False
    theirs = session.campaign if session.first is None else campaign_of(session.first.event)
    mine = campaign_of(event)
    later = mine if event.timestamp > session.last_at else theirs
    return later is not None and mine != theirs


def _preference(session: Session, at: datetime) -> tuple[bool, datetime]:
    return at <= session.last_at, session.started_at


def reach_of(event: Event) -> timedelta:
    """How long after a session's last activity the event may still belong to it."""
    return SILENCE if event.session_id is None else LONGEST


def session_key(event: Event, visitor_id: str) -> int:
    """What the event's session is found under: the visitor, or what the client named it for the visitor."""
    if event.session_id is None:
        return hash64(event.website_id, visitor_id)
    return client_session_hash(event.website_id, visitor_id, event.session_id)


def _begin(draft: Draft, incoming: Incoming, key: int) -> Session:
    event = incoming.event
    at = event.timestamp
    if event.session_id is None:
        visitor_key = key
        session_id, session_hash = derived_session(event.website_id, event.visitor_id, event.id)
    else:
        visitor_key = hash64(event.website_id, event.visitor_id)
        # The first goes by the client's name; what the 24 h cap splits off also by its start.
        is_split = bool(draft.of(key, at))
        session_id = f"{event.session_id}~{int(at.timestamp())}" if is_split else event.session_id
        # A client may use one name for ever, and what lies days back is not looked up: the hash tells apart.
        session_hash = digest64(event.website_id, f"{event.visitor_id}\0{session_id}\0{event.id.hex}")
    session = Session(
        event.website_id,
        session_id,
        session_hash,
        at,
        incoming.arrival,
        at,
        event.session_id is not None,
        _is_new_user(draft.of(visitor_key, at), incoming),
        None,
        incoming,
    )
    draft.add(key, session, at)
    if visitor_key != key:
        draft.add(visitor_key, session, at)
    draft.changed.append(session)
    return session


def _is_new_user(sessions: list[Session], incoming: Incoming) -> bool | None:
    """False when an earlier session of a lasting id is at hand; else unknown (R15). Never True: that
    would need a search through all events ever stored."""
    if incoming.event.previous_visitor_id is None and any(
        session.started_at < incoming.event.timestamp for session in sessions
    ):
        return False
    return None


def _move(draft: Draft, session: Session, incoming: Incoming) -> None:
    session.started_at = incoming.event.timestamp
    session.first_arrival = incoming.arrival
    session.first = incoming
    session.attributes = None
    if not session.is_moved:
        session.is_moved = True
        draft.changed.append(session)
