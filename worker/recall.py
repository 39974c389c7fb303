"""Reads the sessions that memory does not hold from the events themselves."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import psycopg
from psycopg.rows import tuple_row

from shared.session import LONGEST, is_derived_session
from sql.statements import read
from worker.batch import Incoming
from worker.enrich import Attributes
from worker.hashes import client_session_hash, visitor_hashes
from worker.memory import Memory
from worker.row import attribute_piece
from worker.session import NEEDS_SESSION, Session, reach_of, session_key

_FOREVER = datetime.max.replace(tzinfo=UTC)
# What the 24 h cap split off a client's session: see session.py.
_SPLIT_OFF = re.compile(r"(.+)~\d+")
# Columns before the attributes in recall_sessions.sql.
_HEAD = 8


def newest_event(connection: psycopg.Connection) -> datetime:
    """A time that no stored event is later than."""
    row = connection.execute(read("writes/newest_event")).fetchone()
    assert row is not None
    return row[0].astimezone(UTC)


def recall(connection: psycopg.Connection, memory: Memory, events: Sequence[Incoming]) -> dict[int, list[Session]]:
    """By key, what `memory` lacks of the sessions that `events`, in time order, can belong to. At most one query."""
    settled = _later(memory.floor, LONGEST)
    visitors: dict[int, str] = {}
    earliest = _FOREVER
    latest = datetime.min.replace(tzinfo=UTC)
    for incoming in events:
        event = incoming.event
        at = event.timestamp
        if at > settled:
            break
        reach = reach_of(event)
        key = session_key(event, event.visitor_id)
        if not memory.takes(key, at, reach, needs_open=event.event_type in NEEDS_SESSION):
            visitors |= dict.fromkeys(visitor_hashes(event), event.website_id)
            earliest = min(earliest, at)
            latest = max(latest, at + reach)
    if not visitors:
        return {}
    # All of a session that has room for an event lies within a day of it; one that the event begins earlier, within a
    # day of what it reaches. Only all of it tells each visitor id that leads to the session.
    until = latest + LONGEST + timedelta.resolution
    return memory.unify(_read(connection, visitors, earliest - LONGEST, until))


def _later(moment: datetime, by: timedelta) -> datetime:
    return moment if moment > _FOREVER - by else moment + by


def _read(
    connection: psycopg.Connection, visitors: Mapping[int, str], since: datetime, until: datetime
) -> dict[int, list[Session]]:
    """Sessions of `visitors`, each with its website, with an event in [since, until), by each key they can be found
    under."""
    found: dict[int, Session] = {}
    by_key: dict[int, list[Session]] = {}
    values = {"websites": list(visitors.values()), "visitors": list(visitors), "since": since, "until": until}
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
