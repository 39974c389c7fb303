"""Events that cannot be stored, kept in `dead_letter` with the reason, ready to be sent again."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

import msgspec
import psycopg

from shared.event import encode_envelope
from sql.statements import read
from worker.batch import Entry, Incoming, Undecodable
from worker.failure import sqlstate

# An error message repeats the offending value; this much says enough.
MAX_ERROR_CHARACTERS = 500


class Reason(StrEnum):
    """Why an event is in `dead_letter`."""

    INVALID = "invalid"
    UNDECODABLE = "undecodable"
    UNKNOWN_WEBSITE = "unknown_website"
    DAY_DROPPED = "day_dropped"
    CRASH_LOOP = "crash_loop"


class Death(NamedTuple):
    """One row of `dead_letter`. `payload` is an encoded envelope that holds only this event, unless
    nobody could decode it; `position` is the event's in its entry."""

    entry: Entry
    position: int
    website_id: str | None
    received_at: datetime | None
    reason: Reason
    sqlstate: str | None
    error: str
    payload: bytes


def death_of(incoming: Incoming, reason: Reason, error: Exception | str) -> Death:
    """The dead letter of one event."""
    alone = msgspec.structs.replace(incoming.envelope, events=[incoming.event])
    state = sqlstate(error) if isinstance(error, Exception) else None
    text = _text(f"{type(error).__name__}: {error}" if isinstance(error, Exception) else error)
    website_id = _text(incoming.event.website_id)
    return Death(
        incoming.entry,
        incoming.position,
        website_id,
        incoming.envelope.received_at,
        reason,
        state,
        text,
        encode_envelope(alone),
    )


def death_of_payload(undecodable: Undecodable) -> Death:
    """The dead letter of a payload that is no envelope."""
    entry, position, payload, error = undecodable
    return Death(entry, position, None, None, Reason.UNDECODABLE, None, _text(error), payload)


def deaths_of_entry(entry: Entry, deliveries: int) -> list[Death]:
    """The dead letters of an entry that workers died of: its payloads, not even decoded."""
    error = crash_loop(deliveries)
    return [
        Death(entry, position, None, None, Reason.CRASH_LOOP, None, error, payload)
        for position, payload in enumerate(entry.payloads)
    ]


def crash_loop(deliveries: int) -> str:
    """The error of what workers died of."""
    return f"a worker ended without acknowledging it, {deliveries} times"


def bury(connection: psycopg.Connection, deaths: Sequence[Death]) -> None:
    """Insert the dead letters, in the caller's transaction."""
    rows = [
        (
            death.entry.partition,
            death.entry.milliseconds,
            death.entry.sequence,
            death.position,
            death.website_id,
            death.received_at,
            death.reason,
            death.sqlstate,
            death.error,
            death.payload,
        )
        for death in deaths
    ]
    with connection.cursor() as cursor:
        cursor.executemany(read("writes/insert_dead_letter"), rows)


def _text(value: str) -> str:
    """`value` as PostgreSQL takes it: without U+0000 and lone surrogates, and not endless."""
    return value.replace("\0", "")[:MAX_ERROR_CHARACTERS].encode(errors="replace").decode()
