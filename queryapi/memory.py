"""Answers kept in this process: the least used go first when their bytes are too many."""

from collections import OrderedDict
from datetime import datetime, timedelta

import msgspec

from queryapi.rendered import Rendered

# What an entry takes beside its JSON: measured with tracemalloc on 10 000 entries.
ENTRY_BYTES = 500


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """An answer, when it was made, and of which data."""

    version: str
    made_at: datetime
    rendered: Rendered

    def is_fresh(self, version: str, now: datetime) -> bool:
        """Whether it still is the answer: nothing has changed, and its time has not run out."""
        age = now - self.made_at
        return self.version == version and timedelta() <= age < timedelta(seconds=self.rendered.max_age_seconds)


class Memory:
    """At most `limit_bytes` of answers; one that would take more than an eighth of that is not kept."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._entries: OrderedDict[bytes, Entry] = OrderedDict()
        self.bytes = 0

    def get(self, digest: bytes) -> Entry | None:
        """What is kept of a question, fresh or not."""
        entry = self._entries.get(digest)
        if entry is not None:
            self._entries.move_to_end(digest)
        return entry

    def put(self, digest: bytes, entry: Entry) -> None:
        """Keep the entry in place of what was kept of the question."""
        self._drop(digest)
        if entry_bytes(entry) > self._limit_bytes // 8:
            return
        self._entries[digest] = entry
        self.bytes += entry_bytes(entry)
        while self.bytes > self._limit_bytes:
            self._drop(next(iter(self._entries)))

    def _drop(self, digest: bytes) -> None:
        entry = self._entries.pop(digest, None)
        if entry is not None:
            self.bytes -= entry_bytes(entry)


def entry_bytes(entry: Entry) -> int:
    """What it takes to keep an entry."""
    return entry.rendered.bytes + ENTRY_BYTES
