"""Which visitor an event belongs to, and which envelope it travels in."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from ingest.client import Origin
from ingest.identity import Naming, Visitor
from ingest.lane import Parcel
from shared.event import Envelope, Event, encode_envelope
from shared.registry import Website


class Seat(NamedTuple):
    """A visitor's ids, and the events of the envelope that this visitor's events go with."""

    visitor: Visitor
    events: list[Event]


class Seats:
    """The seats of one request. Nearly all events of a batch have one visitor, who is named once:
    naming costs 6 us."""

    def __init__(self, naming: Naming, received: datetime) -> None:
        self._naming = naming
        self._received = received
        self._envelopes: dict[tuple[int, str | None, str, bool], list[Event]] = {}

    async def take(
        self, website: Website, visitor_id: str | None, hostname: str | None, origin: Origin, moment: datetime
    ) -> Seat:
        """A seat for one visitor; raises AppError 503 when no id can be derived."""
        if visitor_id is None:
            visitor = await self._naming.derive(website, moment, origin, hostname)
        else:
            visitor = Visitor(visitor_id, None)
        partition = self._naming.partition(website.website_id, visitor_id, origin)
        key = (partition, origin.network, origin.user_agent, origin.is_server)
        return Seat(visitor, self._envelopes.setdefault(key, []))

    def parcels(self) -> Sequence[Parcel]:
        """One envelope for the events that share partition and sender, in the order they came."""
        return [
            Parcel(
                partition,
                encode_envelope(Envelope(1, self._received, network, user_agent, is_server, events)),
                len(events),
            )
            for (partition, network, user_agent, is_server), events in self._envelopes.items()
            if events
        ]
