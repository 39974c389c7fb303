"""A steady load: events of every kind, reports of every kind, retention, and events that are removed again."""

import itertools
import random
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg

from tests.flow.installation import API, Installation

WEBSITES = ("soak-1", "soak-2", "soak-3")
# Emptied once a minute.
PASSING = "passing"
# Few enough that the caches which know them are full before the warm-up is over.
VISITORS = 2_000
PAGES = 300
RETENTION_DAYS = 90
BATCHES_A_SECOND = 2
SECONDS_BETWEEN_REPORTS = 0.5
SECONDS_BETWEEN_CLEANINGS = 60.0
REPORTS = (
    "analytics/{}/dashboard?days=1",
    "analytics/{}/top-pages?days=7",
    "analytics/timeseries/{}?days=2&interval=hour",
    "analytics/{}/top-countries?days=1&browser=Firefox",
    "analytics/{}/realtime",
    "events/{}/custom-events?days=1",
    "events/{}/recent?limit=50",
    "analytics/{}/retention?days=7",
)


class Load:
    """Runs in threads of its own. `sent` counts accepted events; `refused` what was answered otherwise."""

    def __init__(self, product: Installation, events_a_second: int) -> None:
        self.sent = 0
        self.reports = 0
        self.refused: list[str] = []
        self._product = product
        self._batch = max(1, events_a_second // BATCHES_A_SECOND)
        self._random = random.Random(1)
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._every, args=(seconds, act))
            for seconds, act in (
                (1 / BATCHES_A_SECOND, self._send),
                (SECONDS_BETWEEN_REPORTS, self._read),
                (SECONDS_BETWEEN_CLEANINGS, self._clean),
            )
        ]
        self._reports = itertools.cycle(itertools.product(REPORTS, WEBSITES))

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _every(self, seconds: float, act: Callable[[], None]) -> None:
        while not self._stop.wait(seconds):
            try:
                act()
            except (OSError, psycopg.Error) as error:
                self.refused.append(f"{act.__name__}: {type(error).__name__}")

    def _send(self) -> None:
        events = [self._event() for _ in range(self._batch)]
        answer = self._product.ask("POST", f"{API}/analytics/event/batch", "192.0.2.7", {"events": events})
        if answer.status == 202:
            self.sent += answer.body["accepted"]
        else:
            self.refused.append(f"batch: {answer.status}")

    def _event(self) -> dict[str, object]:
        chance = self._random
        event: dict[str, object] = {
            "website_id": chance.choice((*WEBSITES, PASSING)),
            "page": f"/page/{chance.randrange(PAGES)}",
            "visitor_id": f"visitor-{chance.randrange(VISITORS)}",
            "referrer": chance.choice(("https://www.google.com/", "https://news.example.com/x", "")),
        }
        match chance.randrange(10):
            case 0:
                event |= {"event_type": "signup", "properties": {"plan": chance.choice("abc"), "seats": 3}}
            case 1:
                event |= {"event_type": "engagement", "engaged_ms": 1500, "scroll_depth": 50}
            case 2:
                event |= {"id": str(uuid4())}
            case 3:
                late = datetime.now(UTC) - timedelta(hours=chance.randrange(1, 48))
                event |= {"timestamp": late.isoformat()}
            case _:
                pass
        return event

    def _read(self) -> None:
        report, website_id = next(self._reports)
        path = f"{API}/{report.format(website_id)}"
        answer = self._product.ask("GET", path, "192.0.2.8", headers=self._product.owner)
        self.reports += answer.status == 200
        if answer.status != 200:
            self.refused.append(f"{report}: {answer.status}")

    def _clean(self) -> None:
        today = datetime.now(UTC).date()
        purge = {"from": str(today - timedelta(days=7)), "to": str(today), "dry_run": False}
        self._product.ask("POST", f"{API}/websites/{PASSING}/purge", "192.0.2.8", purge, self._product.owner)
        with self._product.superuser() as connection:
            connection.execute("CALL keep_house(%s)", [RETENTION_DAYS])
            connection.execute("CALL keep_websites(%s)", [RETENTION_DAYS])
        # Nobody looks at them here, and they would be a leak of ours.
        self._product.answers.clear()
