"""Reads the sessions that memory does not hold from the events themselves."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import psycopg
from psycopg.rows import tuple_row

from shared.session import LONGEST, SILENCE, is_derived_session
from sql.statements import read
from worker.batch import LATE, Incoming, Part
from worker.enrich import Attributes
from worker.hashes import client_session_hash, hash64
from worker.memory import Memory
from worker.row import attribute_piece
from worker.session import Session

_FOREVER = datetime.max.replace(tzinfo=UTC)
# What the 24 h cap split off a client's session: see session.py.
_SPLIT_OFF = re.compile(r"(.+)~\d+")
# Columns before the attributes in recall_sessions.sql.
_HEAD = 8


def recall(
    connection: psycopg.Connection, memory: Memory, part: Part, events: Sequence[Incoming]
) -> dict[int, list[Session]]:
    """Make sure that `memory`, with the sessions returned by key, has all that `events` can belong to.

    At most two queries: one for websites not read since a partition was taken, one for the visitors of
    late events (and of any, once memory is so full that it forgets what is younger than 30 minutes).
    """
    if _remembers_all(memory, part.website_ids, events):
        return {}
    unread: dict[str, datetime] = {}
    visitors: dict[str, set[int]] = {}
    earliest = _FOREVER
    latest = datetime.min.replace(tzinfo=UTC)
    # From when on an event without a client's session, and one with it, needs no look.
    settled: dict[str, tuple[datetime, datetime]] = {}
    for incoming in events:
        event = incoming.event
        website_id = event.website_id
        if website_id not in settled:
            complete = memory.complete_since(website_id)
            settled[website_id] = _later(complete, SILENCE), _later(complete, LONGEST)
        if event.timestamp >= settled[website_id][event.session_id is not None]:
            continue
        reach = SILENCE if event.session_id is None else LONGEST
        needed = event.timestamp - reach
        if not part.is_late and needed >= memory.floor:
            unread[website_id] = min(needed, unread.get(website_id, _FOREVER))
        else:
            visitors.setdefault(website_id, set()).update(_visitor_hashes(incoming))
            earliest = min(earliest, needed)
            latest = max(latest, event.timestamp + reach)
    if unread:
        # A little more than asked for: the next event may lie a little further back.
        since = min(unread.values()) - LATE
        memory.learn(list(unread), since, _read(connection, list(unread), since, _FOREVER, None))
    if not visitors:
        return {}
    hashes = sorted(set[int]().union(*visitors.values()))
    # A session that begins within reach of an event can last for a day from there.
    until = latest + LONGEST + timedelta(seconds=1)
    return memory.unify(_read(connection, list(visitors), earliest, until, hashes))


def _remembers_all(memory: Memory, website_ids: Iterable[str], events: Sequence[Incoming]) -> bool:
    """Whether memory goes back far enough for the oldest of the events, which are in time order, on each website."""
    if not events:
        return True
    oldest = events[0].event.timestamp
    return all(oldest >= _later(memory.complete_since(website_id), LONGEST) for website_id in website_ids)


def _later(moment: datetime, by: timedelta) -> datetime:
    return moment if moment > _FOREVER - by else moment + by


def _visitor_hashes(incoming: Incoming) -> Iterable[int]:
    event = incoming.event
    yield hash64(event.website_id, event.visitor_id)
    if event.previous_visitor_id is not None:
        yield hash64(event.website_id, event.previous_visitor_id)


def _read(
    connection: psycopg.Connection, websites: list[str], since: datetime, until: datetime, visitors: list[int] | None
) -> dict[int, list[Session]]:
    """Sessions of `websites` with an event in [since, until), by each key they can be found under."""
    found: dict[int, Session] = {}
    by_key: dict[int, list[Session]] = {}
    values = {"websites": websites, "since": since, "until": until, "visitors": visitors}
    with connection.cursor(row_factory=tuple_row, binary=True) as cursor:
        for row in cursor.execute(read("writes/recall_sessions"), values):
            website_id, visitor_id, visitor_hash, session_id, session_hash, started_at, last_at, is_new_user = row[
                :_HEAD
            ]
            session = found.get(session_hash)
            if session is None:
                attributes = Attributes(*row[_HEAD:])
                session = found[session_hash] = Session(
                    website_id,
                    session_id,
                    session_hash,
                    started_at.astimezone(UTC),
                    # The arrival of the first event is not read: one with the very same time never replaces it.
                    -1,
                    last_at.astimezone(UTC),
                    not is_derived_session(session_id, session_hash),
                    is_new_user,
                    attribute_piece(attributes),
                    campaign=attributes.campaign,
                )
            # One row for each visitor id that the session went through (SPEC R12).
            session.last_at = max(session.last_at, last_at.astimezone(UTC))
            keys = {visitor_hash}
            if session.is_client:
                keys |= {client_session_hash(website_id, visitor_id, name) for name in _client_names(session_id)}
            for key in keys:
                by_key.setdefault(key, []).append(session)
    return by_key


def _client_names(session_id: str) -> Iterable[str]:
    yield session_id
    split_off = _SPLIT_OFF.fullmatch(session_id)
    if split_off is not None:
        yield split_off[1]
