"""Deliberately wrong variants of the product: each breaks one part of the mechanism, so that a test can see
that its breaking is noticed (RELIABILITY 4.4). Installed in a process of its own by launch.py."""

from collections.abc import Callable, Mapping, Sequence

import psycopg

import worker.write
from worker.batch import Entry, Incoming
from worker.inbox import Inbox


def forget_what_was_written() -> None:
    """Neither the ledger nor the ids that clients chose stop anything."""

    def claim_entries(_connection: object, _part: object) -> None:
        return None

    def unseen(_connection: object, events: Sequence[Incoming], _written: object) -> Sequence[Incoming]:
        return events

    worker.write.claim_entries = claim_entries
    worker.write.unseen = unseen


def acknowledge_before_commit() -> None:
    """Entries leave the stream as soon as they are read."""
    read = Inbox.read

    def reading(self: Inbox, partitions: Sequence[int], count: int, block_milliseconds: int) -> list[Entry]:
        entries = read(self, partitions, count, block_milliseconds)
        if entries:
            self.acknowledge(entries)
        return entries

    Inbox.read = reading


def commit_asynchronously() -> None:
    """A commit is reported before it is on disk."""
    execute = psycopg.Connection.execute

    def executing(self: psycopg.Connection, query: object, *arguments: object, **options: object) -> object:
        if query == "SET LOCAL synchronous_commit = on":
            query = "SET LOCAL synchronous_commit = off"
        return execute(self, query, *arguments, **options)  # type: ignore[arg-type]

    psycopg.Connection.execute = executing  # type: ignore[method-assign]


DOUBLES: Mapping[str, Callable[[], None]] = {
    "forget_what_was_written": forget_what_was_written,
    "acknowledge_before_commit": acknowledge_before_commit,
    "commit_asynchronously": commit_asynchronously,
}
