"""What became of the events of one transaction, and where it is kept: `ingest_counts` and `rollup_dirty`."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime

import psycopg

from shared.event import PAGEVIEW, Event
from sql.statements import read
from worker.batch import Entry, Incoming
from worker.dead import Death, Reason
from worker.session import NEEDS_SESSION

BUCKET_SECONDS = 900
HOUR_MILLISECONDS = 3_600_000
# The website of an event that nobody could decode.
_NO_WEBSITE = ""


@dataclass(slots=True)
class Mark:
    """What a transaction changed in a website's bucket, of robots or of people: whose rows, and what it added."""

    # As in `events.visitor_hash`.
    visitors: set[int] = field(default_factory=set[int])
    pageviews: int = 0
    custom_events: int = 0
    events: int = 0
    persistent_events: int = 0

    def add(self, event: Event, visitor_hash: int) -> None:
        self.visitors.add(visitor_hash)
        self.events += 1
        if event.event_type == PAGEVIEW:
            self.pageviews += 1
        elif event.event_type not in NEEDS_SESSION:
            self.custom_events += 1
        if event.previous_visitor_id is None:
            self.persistent_events += 1


# By website, and whether of robots.
Marks = defaultdict[tuple[str, bool], Mark]


@dataclass(slots=True)
class Written:
    """What a transaction made of its events; `outcomes` as in `ingest_counts`."""

    rows: int = 0
    deaths: list[Death] = field(default_factory=list[Death])
    # By website, hour since 1970 of the stream entry, partition and outcome.
    outcomes: Counter[tuple[str, int, int, str]] = field(default_factory=Counter[tuple[str, int, int, str]])
    # By 15-minute bucket since 1970.
    marks: defaultdict[int, Marks] = field(default_factory=lambda: defaultdict[int, Marks](_no_marks))

    def count(self, incoming: Incoming, outcome: str) -> None:
        self.outcomes[_count_key(incoming.entry, incoming.event.website_id, outcome)] += 1

    def bury(self, incoming: Incoming, death: Death) -> None:
        self.deaths.append(death)
        unknown = death.reason is Reason.UNKNOWN_WEBSITE
        self.count(incoming, Reason.UNKNOWN_WEBSITE if unknown else "dead_lettered")

    def bury_payload(self, death: Death) -> None:
        """Of a payload that nobody decoded: it counts as one event of no website."""
        self.deaths.append(death)
        self.outcomes[_count_key(death.entry, _NO_WEBSITE, "dead_lettered")] += 1


def _no_marks() -> Marks:
    return Marks(Mark)


def bucket_of(moment: datetime) -> int:
    """The number of the 15-minute bucket since 1970."""
    return int(moment.timestamp()) // BUCKET_SECONDS


def bucket_start(bucket: int) -> datetime:
    return datetime.fromtimestamp(bucket * BUCKET_SECONDS, UTC)


def _count_key(entry: Entry, website_id: str, outcome: str) -> tuple[str, int, int, str]:
    return website_id, entry.milliseconds // HOUR_MILLISECONDS, entry.partition, outcome


def save_counts(connection: psycopg.Connection, written: Written) -> None:
    """Add what became of the events to `ingest_counts`, and what was touched to `rollup_dirty`."""
    told = [
        (*key, bucket_start(bucket), mark) for bucket, marks in written.marks.items() for key, mark in marks.items()
    ]
    if told:
        websites, are_bots, buckets, marks = zip(*told, strict=True)
        connection.execute(
            read("writes/mark_dirty"),
            {
                "websites": list(websites),
                "are_bots": list(are_bots),
                "buckets": list(buckets),
                # Arrays of different lengths are no array of arrays.
                "visitors": ["{" + ",".join(map(str, mark.visitors)) + "}" for mark in marks],
                "pageviews": [mark.pageviews for mark in marks],
                "custom_events": [mark.custom_events for mark in marks],
                "events": [mark.events for mark in marks],
                "persistent_events": [mark.persistent_events for mark in marks],
            },
        )
    if written.outcomes:
        websites, hours, partitions, outcomes = zip(*written.outcomes, strict=True)
        connection.execute(
            read("writes/add_counts"),
            {
                "websites": [website_id.replace("\0", "") for website_id in websites],
                "hours": [datetime.fromtimestamp(hour * 3600, UTC) for hour in hours],
                "partitions": list(partitions),
                "outcomes": [str(outcome) for outcome in outcomes],
                "events": list(written.outcomes.values()),
            },
        )
