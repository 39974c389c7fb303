"""What became of the events of one transaction, and where it is kept: `ingest_counts` and `rollup_dirty`."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime

import psycopg

from sql.statements import read
from worker.batch import Entry, Incoming
from worker.dead import Death, Reason

BUCKET_SECONDS = 900
HOUR_MILLISECONDS = 3_600_000
# The website of an event that nobody could decode.
_NO_WEBSITE = ""


@dataclass(slots=True)
class Written:
    """What a transaction made of its events; `outcomes` as in `ingest_counts`."""

    rows: int = 0
    deaths: list[Death] = field(default_factory=list[Death])
    # By website, hour since 1970 of the stream entry, partition and outcome.
    outcomes: Counter[tuple[str, int, int, str]] = field(default_factory=Counter[tuple[str, int, int, str]])
    # Websites by 15-minute bucket since 1970.
    touched: defaultdict[int, set[str]] = field(default_factory=lambda: defaultdict[int, set[str]](set))

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


def bucket_of(moment: datetime) -> int:
    """The number of the 15-minute bucket since 1970."""
    return int(moment.timestamp()) // BUCKET_SECONDS


def bucket_start(bucket: int) -> datetime:
    return datetime.fromtimestamp(bucket * BUCKET_SECONDS, UTC)


def _count_key(entry: Entry, website_id: str, outcome: str) -> tuple[str, int, int, str]:
    return website_id, entry.milliseconds // HOUR_MILLISECONDS, entry.partition, outcome


def save_counts(connection: psycopg.Connection, written: Written) -> None:
    """Add what became of the events to `ingest_counts`, and the touched buckets to `rollup_dirty`."""
    touched = [(website_id, bucket) for bucket, websites in written.touched.items() for website_id in websites]
    if touched:
        values = {
            "websites": [name for name, _ in touched],
            "buckets": [bucket_start(bucket) for _, bucket in touched],
        }
        connection.execute(read("writes/mark_dirty"), values)
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
