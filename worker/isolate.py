"""Finds the events of a part that cannot be stored, by halves."""

from dataclasses import replace

from worker.batch import Incoming, Part
from worker.dead import Death, Reason, death_of
from worker.failure import Failure, PoisonFloodError, classify
from worker.write import Desk, Position, write_part

# RELIABILITY C33: beyond both, the fault is more likely ours than the events'.
FLOOD_EVENTS = 100
FLOOD_SHARE = 0.1


def find_poison(desk: Desk, part: Part, poison: dict[Position, Death]) -> dict[Position, Death]:
    """The dead letters of the events that the server refuses, with those already known.

    Each guess is a rehearsal that is rolled back: about 2 log2(n) of them for one event of n. Raises
    PoisonFloodError when too many are found, and whatever else goes wrong.
    """
    suspects = [incoming for incoming in part.events if (incoming.entry, incoming.position) not in poison]
    found: dict[Position, Death] = {}
    _search(desk, part, suspects, found)
    return poison | found


def _search(desk: Desk, part: Part, suspects: list[Incoming], found: dict[Position, Death]) -> None:
    error = _rehearse(desk, part, suspects)
    if error is None:
        return
    if len(suspects) > 1:
        middle = len(suspects) // 2
        _search(desk, part, suspects[:middle], found)
        _search(desk, part, suspects[middle:], found)
        return
    only = suspects[0]
    found[only.entry, only.position] = death_of(only, Reason.INVALID, error)
    if len(found) > FLOOD_EVENTS and len(found) > FLOOD_SHARE * len(part.events):
        raise PoisonFloodError(f"at least {len(found)} of {len(part.events)} events cannot be stored")


def _rehearse(desk: Desk, part: Part, events: list[Incoming]) -> Exception | None:
    """The error that these events alone cause; raises an operational one."""
    if not events:
        return None
    entries = list({incoming.entry: None for incoming in events})
    try:
        write_part(desk, replace(part, entries=entries, events=events, undecodable=[]), {}, rehearse=True)
    except Exception as error:
        if desk.connection.closed or classify(error) is Failure.OPERATIONAL:
            raise
        return error
    return None
