"""One transaction for one part of a batch: ledger, ids, rows, dead letters, counts, dirty buckets.

All of it is there or none. The ledger is what makes a redelivered entry harmless, the ids what makes a
client's retry harmless; memory learns of the sessions only once the transaction has committed.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, timedelta
from itertools import islice

import psycopg
from psycopg import sql

from shared.event import Event
from shared.session import LONGEST, SILENCE
from sql.statements import read
from worker.batch import Entry, Incoming, Part
from worker.claim import claim_entries, unseen
from worker.days import Days
from worker.dead import Death, Reason, bury, death_of, death_of_payload
from worker.enrich import Attributes, Enricher
from worker.failpoint import Failpoint
from worker.fields import SIGNATURE, TRAILER
from worker.hashes import hash64, visitor_hashes
from worker.memory import Memory
from worker.recall import recall
from worker.row import COLUMNS, attribute_piece, event_row, owner_piece
from worker.session import Draft, Session, place_event
from worker.tally import HOUR_MILLISECONDS, Written, bucket_of, bucket_start, save_counts
from worker.websites import Websites

# About 70 KB: psycopg would cut what is longer than 128 KB in two, and the cache holds it.
ROWS_PER_WRITE = 128
_COPY = sql.SQL("COPY events ({columns}) FROM STDIN (FORMAT BINARY)").format(
    columns=sql.SQL(", ").join(map(sql.Identifier, COLUMNS))
)
_INSTANT = timedelta(microseconds=1)
_DAY = timedelta(days=1)

Position = tuple[Entry, int]
Placed = tuple[Incoming, Session]


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What a write needs besides the events."""

    connection: psycopg.Connection
    memory: Memory
    websites: Websites
    days: Days
    enricher: Enricher
    reach: Failpoint
    store_user_agent: bool


def write_part(desk: Desk, part: Part, poison: dict[Position, Death], *, rehearse: bool = False) -> Written:
    """Write the part, the events of `poison` as the dead letters they map to, and commit; or, to
    `rehearse`, roll everything back. Raises whatever an event, the server or the network does."""
    with desk.connection.transaction(force_rollback=rehearse):
        desk.connection.execute("SET LOCAL synchronous_commit = on")
        desk.reach("worker.after_begin")
        written, draft = _write(desk, part, poison)
        desk.reach("worker.before_commit")
    if not rehearse:
        desk.memory.keep(draft)
        desk.reach("worker.after_commit")
    return written


def _write(desk: Desk, part: Part, poison: dict[Position, Death]) -> tuple[Written, Draft]:
    connection = desk.connection
    written = Written()
    claimed = claim_entries(connection, part)
    events = [incoming for incoming in part.events if incoming.entry in claimed] if claimed is not None else part.events
    # An id is taken by a dead letter as well: sent again, the event is not to die twice.
    events = unseen(connection, events, written)
    events = _living(desk, replace(part, events=list(events)), poison, written)
    found = recall(connection, desk.memory, events)
    draft = Draft(lambda key: _known(desk.memory, found, key))
    placed = _place(desk.websites, draft, events, written)
    for session in draft.changed:
        attributes = _attributes_of(desk, session)
        session.attributes = attribute_piece(attributes)
        session.campaign = attributes.campaign
        if session.is_moved:
            _move_session(connection, session, attributes, written)
    _copy_rows(desk, placed, written)
    for undecodable in part.undecodable:
        if claimed is None or undecodable.entry in claimed:
            written.bury_payload(death_of_payload(undecodable))
    if written.deaths:
        bury(connection, written.deaths)
    save_counts(connection, written)
    return written, draft


def _living(desk: Desk, part: Part, poison: dict[Position, Death], written: Written) -> Sequence[Incoming]:
    """The events of the part that may be stored; the others are buried."""
    events = part.events
    dropped = _dropped_days(desk.connection, events, part.website_ids)
    if not poison and not dropped and all(map(desk.websites.get, part.website_ids)):
        return events
    living: list[Incoming] = []
    for incoming in events:
        event = incoming.event
        if poison and (incoming.entry, incoming.position) in poison:
            written.bury(incoming, poison[incoming.entry, incoming.position])
        elif desk.websites.get(event.website_id) is None:
            written.bury(incoming, death_of(incoming, Reason.UNKNOWN_WEBSITE, "website_id: not registered"))
        elif dropped and _is_dropped(event, dropped):
            written.bury(incoming, death_of(incoming, Reason.DAY_DROPPED, "timestamp: its day is past retention"))
        else:
            living.append(incoming)
    return living


def _dropped_days(
    connection: psycopg.Connection, events: Sequence[Incoming], websites: set[str]
) -> set[tuple[str | None, date]]:
    """Days that were dropped, each with its website, or with None for all."""
    if not events:
        return set()
    values = {"days": sorted(days_of(events)), "websites": sorted(websites)}
    with connection.cursor() as cursor:
        return set(cursor.execute(read("writes/select_dropped_days"), values).fetchall())


def _is_dropped(event: Event, dropped: set[tuple[str | None, date]]) -> bool:
    day = event.timestamp.astimezone(UTC).date()
    return (None, day) in dropped or (event.website_id, day) in dropped


def days_of(events: Sequence[Incoming]) -> set[date]:
    """The UTC days from the first to the last of events in time order: one for late events, one or two for
    those on time, as many as a backlog lasted."""
    if not events:
        return set()
    first = events[0].event.timestamp.astimezone(UTC).date()
    last = events[-1].event.timestamp.astimezone(UTC).date()
    return {first + number * _DAY for number in range((last - first).days + 1)}


def _known(memory: Memory, found: dict[int, list[Session]], key: int) -> Sequence[Session]:
    remembered = memory.known(key)
    if key not in found:
        return remembered
    hashes = {session.session_hash for session in remembered}
    return [*remembered, *(session for session in found[key] if session.session_hash not in hashes)]


def _place(websites: Websites, draft: Draft, events: Sequence[Incoming], written: Written) -> list[Placed]:
    placed: list[Placed] = []
    splitting = websites.splitting
    for incoming in events:
        session = place_event(draft, incoming, splits_on_campaign=incoming.event.website_id in splitting)
        if session is None:
            written.count(incoming, "no_session")
        else:
            placed.append((incoming, session))
    return placed


def _attributes_of(desk: Desk, session: Session) -> Attributes:
    """The attributes that the session takes from its first event (SPEC R19)."""
    assert session.first is not None
    event, envelope = session.first.event, session.first.envelope
    website = desk.websites.get(event.website_id)
    assert website is not None
    return desk.enricher.attributes(event, envelope, website)


def _move_session(connection: psycopg.Connection, session: Session, attributes: Attributes, written: Written) -> None:
    """Rewrite the stored rows of a session that a late event now begins."""
    assert session.first is not None
    reach = LONGEST if session.is_client else SILENCE
    values: Mapping[str, object] = attributes._asdict() | {
        "website_id": session.website_id,
        "session_hash": session.session_hash,
        "session_started_at": session.started_at,
        "visitors": list(visitor_hashes(session.first.event)),
        "midnight": session.started_at.replace(hour=0, minute=0, second=0, microsecond=0) + _DAY,
        "since": session.started_at,
        "until": session.last_at + reach + _INSTANT,
    }
    for row in connection.execute(read("writes/move_session"), values).fetchall():
        bucket, visitor_hash, is_bot = row
        written.marks[bucket_of(bucket)][session.website_id, is_bot].visitors.add(visitor_hash)


def _copy_rows(desk: Desk, placed: Sequence[Placed], written: Written) -> None:
    if not placed:
        return
    rows = _rows(desk, placed, written)
    with desk.connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.write(SIGNATURE)
        while chunk := b"".join(islice(rows, ROWS_PER_WRITE)):
            copy.write(chunk)
        desk.reach("worker.mid_copy")
        copy.write(TRAILER)
    written.rows = len(placed)


def _rows(desk: Desk, placed: Sequence[Placed], written: Written) -> Iterator[bytes]:
    """The rows, each counted and its bucket marked."""
    judge = desk.enricher.judge
    keeps_agent = desk.store_user_agent
    # A session's visitor, and what their rows end with. The visitor changes at midnight only (SPEC R12).
    owners: dict[Session, tuple[str, int, bytes]] = {}
    stored: defaultdict[tuple[str, int, int], int] = defaultdict(int)
    # In time order: a bucket is looked up once, not for each of its events.
    bucket_end = placed[0][0].event.timestamp
    marks = written.marks[bucket_of(bucket_end)]
    for incoming, session in placed:
        event, envelope, entry = incoming.event, incoming.envelope, incoming.entry
        owner = owners.get(session)
        if owner is None or owner[0] != event.visitor_id:
            visitor_hash = hash64(session.website_id, event.visitor_id)
            owner = owners[session] = event.visitor_id, visitor_hash, owner_piece(event.visitor_id, session)
        verdict = judge(event, envelope)
        yield event_row(incoming, owner[2], verdict, envelope.user_agent if keeps_agent else None)
        stored[event.website_id, entry.milliseconds // HOUR_MILLISECONDS, entry.partition] += 1
        if verdict.is_bot:
            written.count(incoming, "bot")
        if event.timestamp >= bucket_end:
            bucket = bucket_of(event.timestamp)
            bucket_end = bucket_start(bucket + 1)
            marks = written.marks[bucket]
        marks[event.website_id, verdict.is_bot].add(event, owner[1])
    for key, events in stored.items():
        written.outcomes[*key, "stored"] += events
