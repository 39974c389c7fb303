"""What was written before: the stream entries of the ledger, and the ids that clients chose (RELIABILITY 3)."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

import psycopg

from shared.seen import IMPORTED_BUCKET, seen_bucket, seen_key
from sql.statements import read
from worker.batch import Entry, Incoming, Part
from worker.tally import Written


def claim_entries(connection: psycopg.Connection, part: Part) -> set[Entry] | None:
    """The entries whose part was not written before; None for all of them."""
    entries = part.entries
    values = {"part": part.number, **_ids(entries)}
    with connection.cursor(binary=True) as cursor:
        cursor.execute(read("writes/insert_ledger"), values)
        if cursor.rowcount == len(entries):
            return None
        new = set(cursor.fetchall())
    return {entry for entry in entries if entry[:3] in new}


def written_parts(connection: psycopg.Connection, entries: Sequence[Entry]) -> dict[Entry, set[int]]:
    """The numbers of the parts of each entry that were written before; an entry that has none is absent."""
    found: defaultdict[tuple[int, int, int], set[int]] = defaultdict(set)
    for partition, milliseconds, sequence, part in connection.execute(read("writes/select_ledger"), _ids(entries)):
        found[partition, milliseconds, sequence].add(part)
    return {entry: found[entry[:3]] for entry in entries if entry[:3] in found}


def _ids(entries: Sequence[Entry]) -> dict[str, list[int]]:
    return {
        "partitions": [entry.partition for entry in entries],
        "milliseconds": [entry.milliseconds for entry in entries],
        "sequences": [entry.sequence for entry in entries],
    }


def seen_days_of(events: Sequence[Incoming]) -> set[date]:
    """The partitions of event_seen that the events need."""
    return {_bucket(incoming) for incoming in events if incoming.event.is_client_id}


def unseen(connection: psycopg.Connection, events: Sequence[Incoming], written: Written) -> Sequence[Incoming]:
    """The events whose id counts for the first time (SPEC R57)."""
    named = [incoming for incoming in events if incoming.event.is_client_id]
    if not named:
        return events
    first = first_by_key(named)
    by_bucket: defaultdict[date, list[str]] = defaultdict(list)
    for key, incoming in first.items():
        by_bucket[_bucket(incoming)].append(key)
    new = set[str]()
    # All workers in the same order, so that no two wait for each other.
    for bucket in sorted(by_bucket):
        new |= _claim_keys(connection, bucket, by_bucket[bucket])
    if len(new) == len(named):
        return events
    counting = {id(incoming) for key, incoming in first.items() if key in new}
    duplicates = {id(incoming) for incoming in named} - counting
    for incoming in named:
        if id(incoming) in duplicates:
            written.count(incoming, "duplicate")
    return [incoming for incoming in events if id(incoming) not in duplicates]


def first_by_key(named: Sequence[Incoming]) -> dict[str, Incoming]:
    """Of events whose ids clients chose the first to arrive with each, by the id's key (SPEC R57)."""
    first: dict[str, Incoming] = {}
    for incoming in named:
        key = seen_key(incoming.event.website_id, incoming.event.id)
        rival = first.setdefault(key, incoming)
        if rival is not incoming and _arrival_order(incoming) < _arrival_order(rival):
            first[key] = incoming
    return first


def _arrival_order(incoming: Incoming) -> tuple[int, int]:
    return incoming.arrival, incoming.entry.partition


def _bucket(incoming: Incoming) -> date:
    event = incoming.event
    return IMPORTED_BUCKET if event.is_imported else seen_bucket(event.id, incoming.envelope.received_at)


def _claim_keys(connection: psycopg.Connection, bucket: date, keys: list[str]) -> set[str]:
    """Those of the keys that nobody had."""
    # The array as text, of hexadecimal digits only: psycopg would write each of its elements in Python.
    values = {"bucket": bucket, "keys": f"{{{','.join(keys)}}}"}
    with connection.cursor(binary=True) as cursor:
        cursor.execute(read("writes/insert_seen"), values)
        return set(keys) if cursor.rowcount == len(keys) else {key.hex for (key,) in cursor.fetchall()}
