"""Stream entries as events, divided into what one transaction may hold. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import NamedTuple

import msgspec

from shared.event import Envelope, Event, decode_envelope, encode_envelope

# An event this much older than its arrival is late. TimescaleDB remembers one [oldest, newest] of each
# transaction: a late event beside a fresh one would have everything in between rolled up again.
LATE = timedelta(minutes=15)
ON_TIME = 0
# Of an entry that was written off undecoded: no day has this number.
WHOLE = -(2**31)
# Bits of `arrival` that hold the place of an event inside its millisecond: 8 for the entry's sequence
# number before it saturates, 12 for the place in the entry.
PLACE_BITS = 20
POSITION_BITS = 12
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_arrival = attrgetter("arrival")
_timestamp = attrgetter("event.timestamp")


class Entry(NamedTuple):
    """One stream entry as read: its payloads are encoded envelopes."""

    partition: int
    milliseconds: int
    sequence: int
    payloads: tuple[bytes, ...]


class Incoming(NamedTuple):
    """One event on its way to the database. `position` counts the events of its entry from 0;
    `arrival` orders the events of a partition."""

    entry: Entry
    position: int
    arrival: int
    event: Event
    envelope: Envelope


class Undecodable(NamedTuple):
    """One payload that is not an envelope."""

    entry: Entry
    position: int
    payload: bytes
    error: str


@dataclass(slots=True)
class Delivery:
    """A stream entry, decoded."""

    entry: Entry
    events: list[Incoming] = field(default_factory=list[Incoming])
    undecodable: list[Undecodable] = field(default_factory=list[Undecodable])


@dataclass(slots=True)
class Part:
    """What goes into one transaction: the events of `entries` that are on time, or late for one day.

    `number` is ON_TIME or the days from 1970-01-01 to the UTC day of the late events. It depends on
    the event alone, so a redelivered entry falls into the same parts, and the ledger keeps each once. WHOLE
    is of entries alone.
    """

    number: int
    entries: list[Entry] = field(default_factory=list[Entry])
    events: list[Incoming] = field(default_factory=list[Incoming])
    undecodable: list[Undecodable] = field(default_factory=list[Undecodable])
    # Of the events, and maybe more. Noted where each event is looked at anyway: most of a batch is no longer in
    # the processor's cache, and every walk through it costs 0.2 us an event.
    website_ids: set[str] = field(default_factory=set[str])


def decode_entry(entry: Entry) -> Delivery:
    """Every event of `entry` in the order it was sent; never raises for what an entry holds."""
    delivery = Delivery(entry)
    events = delivery.events
    sequence = entry.sequence << POSITION_BITS
    base = entry.milliseconds << PLACE_BITS
    last_place = (1 << PLACE_BITS) - 1
    position = 0
    for payload in entry.payloads:
        try:
            envelope = decode_envelope(payload)
            if envelope.received_at.tzinfo is None:
                raise ValueError("received_at: without a zone")
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            delivery.undecodable.append(Undecodable(entry, position, payload, str(error)))
            position += 1
            continue
        for event in envelope.events:
            if event.timestamp.tzinfo is None:
                alone = encode_envelope(msgspec.structs.replace(envelope, events=[event]))
                delivery.undecodable.append(Undecodable(entry, position, alone, "timestamp: without a zone"))
            else:
                place = sequence + position
                arrival = base | min(place, last_place)
                events.append(Incoming(entry, position, arrival, event, envelope))
            position += 1
    return delivery


def split_parts(deliveries: Iterable[Delivery]) -> list[Part]:
    """The parts of a batch, oldest day first and the events on time last: a visitor's events are then
    written in the order of their times, part by part. An entry without events belongs to the last."""
    late: dict[int, Part] = {}
    on_time = Part(ON_TIME)
    take = on_time.events.append
    note = on_time.website_ids.add
    for delivery in deliveries:
        on_time.undecodable += delivery.undecodable
        days_met: set[int] = set()
        late_before = len(on_time.events)
        for incoming in delivery.events:
            event = incoming.event
            if incoming.envelope.received_at - event.timestamp <= LATE:
                take(incoming)
                note(event.website_id)
                continue
            # A day before the epoch has a negative number; day 0 itself is not ON_TIME's to take.
            day = (event.timestamp - _EPOCH).days or -1
            part = late.get(day) or late.setdefault(day, Part(day))
            part.events.append(incoming)
            part.website_ids.add(event.website_id)
            if day not in days_met:
                days_met.add(day)
                part.entries.append(delivery.entry)
        if len(on_time.events) > late_before or delivery.undecodable or not days_met:
            on_time.entries.append(delivery.entry)
    parts = [late[day] for day in sorted(late)]
    if on_time.entries:
        parts.append(on_time)
    for part in parts:
        # By time, and by arrival where that is equal: two stable sorts without a call of ours each event.
        part.events.sort(key=_arrival)
        part.events.sort(key=_timestamp)
    return parts
