"""What was written before: the stream entries of the ledger, and the ids that clients chose (RELIABILITY 3)."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

import psycopg

from sql.statements import read
from worker.batch import Entry, Incoming, Part, without_repeats
from worker.hashes import seen_bucket, seen_key
from worker.tally import Written


def claim_entries(connection: psycopg.Connection, part: Part) -> set[Entry] | None:
    """The entries whose part was not written before; None for all of them."""
    entries = part.entries
    values = {
        "part": part.number,
        "partitions": [entry.partition for entry in entries],
        "milliseconds": [entry.milliseconds for entry in entries],
        "sequences": [entry.sequence for entry in entries],
    }
    with connection.cursor(binary=True) as cursor:
        cursor.execute(read("writes/insert_ledger"), values)
        if cursor.rowcount == len(entries):
            return None
        new = set(cursor.fetchall())
    return {entry for entry in entries if entry[:3] in new}


def seen_days_of(events: Sequence[Incoming]) -> set[date]:
    """The partitions of event_seen that the events need."""
    return {
        seen_bucket(incoming.event, incoming.envelope.received_at) for incoming in events if incoming.event.is_client_id
    }


def unseen(connection: psycopg.Connection, events: Sequence[Incoming], written: Written) -> Sequence[Incoming]:
    """The events whose id counts for the first time (SPEC R57)."""
    if not any(incoming.event.is_client_id for incoming in events):
        return events
    events, repeats = without_repeats(events)
    keys = {seen_key(incoming.event): incoming for incoming in events if incoming.event.is_client_id}
    by_bucket: defaultdict[date, list[str]] = defaultdict(list)
    for key, incoming in keys.items():
        by_bucket[seen_bucket(incoming.event, incoming.envelope.received_at)].append(key)
    new = set[str]()
    # All workers in the same order, so that no two wait for each other.
    for bucket in sorted(by_bucket):
        new |= _claim_keys(connection, bucket, by_bucket[bucket])
    for incoming in repeats:
        written.count(incoming, "duplicate")
    if len(new) == len(keys):
        return events
    known = {id(incoming) for key, incoming in keys.items() if key not in new}
    for key, incoming in keys.items():
        if key not in new:
            written.count(incoming, "duplicate")
    return [incoming for incoming in events if id(incoming) not in known]


def _claim_keys(connection: psycopg.Connection, bucket: date, keys: list[str]) -> set[str]:
    """Those of the keys that nobody had."""
    # The array as text, of hexadecimal digits only: psycopg would write each of its elements in Python.
    values = {"bucket": bucket, "keys": f"{{{','.join(keys)}}}"}
    with connection.cursor(binary=True) as cursor:
        cursor.execute(read("writes/insert_seen"), values)
        return set(keys) if cursor.rowcount == len(keys) else {key.hex for (key,) in cursor.fetchall()}
