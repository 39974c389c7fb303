"""What a worker reads from a stream, from its bytes to the row that COPY takes."""

import struct
from contextlib import suppress
from datetime import UTC, datetime

from shared.event import decode_envelope
from shared.registry import Website
from worker.batch import Entry, decode_entry, split_parts
from worker.claim import first_by_key
from worker.dead import Reason, death_of, death_of_payload
from worker.enrich import Enricher
from worker.place import Places
from worker.row import attribute_piece, event_row, owner_piece
from worker.session import Session

# Between the payloads of one entry.
SEPARATOR = b"\n"
_MOMENT = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
_enricher = Enricher(Places(lambda: (), lambda: 0.0))


def check(data: bytes) -> None:
    payloads = tuple(data.split(SEPARATOR))
    entry = Entry(0, 1_772_445_600_000, 0, payloads)
    delivery = decode_entry(entry)
    positions = [found.position for found in (*delivery.events, *delivery.undecodable)]
    assert len(set(positions)) == len(positions)
    for undecodable in delivery.undecodable:
        assert death_of_payload(undecodable).payload == undecodable.payload
    parts = split_parts([delivery])
    assert sum(len(part.events) for part in parts) == len(delivery.events)
    for part in parts:
        assert all(first in part.events for first in first_by_key(part.events).values())
    for incoming in delivery.events:
        death = death_of(incoming, Reason.INVALID, "x")
        assert decode_envelope(death.payload).events == [incoming.event]
        event, envelope = incoming.event, incoming.envelope
        verdict = _enricher.judge(event, envelope)
        attributes = _enricher.attributes(event, envelope, Website(website_id=event.website_id))
        session = Session(
            website_id=event.website_id,
            session_id="0" * 32,
            session_hash=0,
            started_at=_MOMENT,
            first_arrival=0,
            last_at=_MOMENT,
            is_client=False,
            is_new_user=None,
            attributes=attribute_piece(attributes),
        )
        # What it says that it raises makes a dead letter of the event.
        with suppress(ValueError, ArithmeticError, struct.error):
            event_row(incoming, owner_piece(event.visitor_id, session), verdict, envelope.user_agent)
