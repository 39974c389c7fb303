"""A client of a product under test, and what became of what it sent."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from uuid import uuid4

import pytest

from tests.chaos.disk import Disk
from tests.chaos.product import Product
from tests.chaos.servers import Server
from tests.flow.pipeline import BROWSER, Answer, request

_websites = count(1)
ClientEvent = dict[str, str]


@dataclass
class Client:
    """Sends events of a website of its own, with ids."""

    product: Product
    website_id: str = field(default_factory=lambda: f"crash-{next(_websites)}")
    accepted: set[str] = field(default_factory=set[str])

    def events(self, number: int = 20) -> list[ClientEvent]:
        """New events, not sent yet."""
        return [
            {"website_id": self.website_id, "page": f"/{n}", "visitor_id": f"visitor-{n}", "id": str(uuid4())}
            for n in range(number)
        ]

    def post(self, events: Sequence[ClientEvent], port: int | None = None) -> Answer:
        """Send once; raises OSError when the connection is lost."""
        url = f"http://127.0.0.1:{port or self.product.ingest_port}/api/v1/analytics/event/batch"
        answer = request("POST", url, {"events": list(events)}, {"User-Agent": BROWSER})
        if answer.status == 202:
            self.accepted |= {event["id"] for event in events}
        return answer

    def deliver(self, events: Sequence[ClientEvent] | None = None) -> None:
        """Send until accepted; unlike a polite client without a pause of seconds, so that a test is short."""
        chosen = self.events() if events is None else events

        def is_accepted() -> bool:
            try:
                return self.post(chosen).status == 202
            except OSError:
                return False

        self.product.wait(is_accepted, "a 202")

    def settle(self) -> None:
        """Return when everything accepted before has been taken from the streams, and what came after it too."""
        marker = self.events(1)
        self.deliver(marker)
        self.product.servers.wait_ready()
        self.product.wait(lambda: marker[0]["id"] in self.stored(), "the last event")
        self.product.wait(lambda: self.product.entries() == 0, "empty streams")

    def stored(self) -> Counter[str]:
        with self.product.servers.connect() as connection:
            rows = connection.execute("SELECT id FROM events WHERE website_id = %s", (self.website_id,)).fetchall()
        return Counter(str(row[0]) for row in rows)

    def lost(self) -> list[str]:
        stored = self.stored()
        return [event_id for event_id in self.accepted if not stored[event_id]]

    def doubled(self) -> list[str]:
        return [event_id for event_id, copies in self.stored().items() if copies > 1]

    def assert_each_once(self) -> None:
        """Everything accepted is stored once, and nothing of the website lies among the dead letters."""
        self.settle()
        assert (self.lost(), self.doubled()) == ([], [])
        with self.product.servers.connect() as connection:
            dead = connection.execute(
                "SELECT reason FROM dead_letter WHERE website_id = %s OR website_id IS NULL", (self.website_id,)
            ).fetchall()
        assert dead == []


def disk_of(server: Server) -> Disk:
    """The disk to make slow or full; leaves the test out where none could be built."""
    if server.disk is None:
        pytest.skip("no C compiler, so no disk that is slow or full")
    return server.disk
