"""What the senders wrote down: which numbers were accepted, and which may have been."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.events import REFUSED_AT, REFUSED_EVERY

WEBSITES = 5
_VISIT = 12


@dataclass
class Ledger:
    """Ranges of numbers, from the log of one or more senders as far as it was read."""

    path: Path
    # Accepted, with ids or without; a number sent again is there again.
    accepted: list[range] = field(default_factory=list[range])
    # No answer, or one that promises nothing.
    unclear: list[range] = field(default_factory=list[range])
    # When each of `accepted` was, in seconds since 1970.
    accepted_at: list[float] = field(default_factory=list[float])
    _read: int = 0
    _seen: int = 0

    def read(self) -> list[range]:
        """Read on; what was accepted since the last call, and what was put back."""
        if self.path.exists():
            with self.path.open("rb") as log:
                log.seek(self._read)
                lines, end, _ = log.read().rpartition(b"\n")
                self._read += len(lines) + len(end)
            for line in lines.splitlines():
                at, kind, start, stop = line.decode().split()
                batch = range(int(start), int(stop))
                if kind == "U":
                    self.unclear.append(batch)
                else:
                    self.accepted.append(batch)
                    self.accepted_at.append(float(at))
        unseen, self._seen = self.accepted[self._seen :], len(self.accepted)
        return unseen

    def put_back(self, batches: list[range]) -> None:
        """The last call's answer: it will be answered again."""
        self._seen -= len(batches)

    def count(self) -> int:
        """How many different events were accepted."""
        return sum(len(batch) - len(_refused(batch)) for batch in merged(self.accepted))


def merged(batches: Iterable[range]) -> list[range]:
    """The same numbers in ranges that do not overlap, ascending."""
    found: list[range] = []
    for batch in sorted(batches, key=lambda batch: batch.start):
        if found and batch.start <= found[-1].stop:
            found[-1] = range(found[-1].start, max(found[-1].stop, batch.stop))
        else:
            found.append(batch)
    return found


def events_of_website(batches: Iterable[range], website: int) -> int:
    """How many events of the website the gateway took, if it took all of these batches."""
    return sum(
        _below(batch.stop, website)
        - _below(batch.start, website)
        - sum(1 for number in _refused(batch) if number // _VISIT % WEBSITES == website)
        for batch in batches
    )


def _below(number: int, website: int) -> int:
    """How many numbers below `number` are the website's."""
    cycles, rest = divmod(number, _VISIT * WEBSITES)
    return cycles * _VISIT + min(max(rest - website * _VISIT, 0), _VISIT)


def _refused(batch: range) -> range:
    """The numbers of the batch that the gateway refuses."""
    start = batch.start + (REFUSED_AT - batch.start) % REFUSED_EVERY
    return range(start, batch.stop, REFUSED_EVERY)
