"""What became of every event that was taken from the stream (SPEC R56)."""

from collections import Counter, defaultdict
from datetime import datetime

from psycopg import sql

from queryapi.answer import Answer
from queryapi.call import Call, asked_range
from queryapi.envelope import head, local_text, max_age_seconds
from queryapi.rows import whole
from queryapi.statement import Statement
from sql.statements import read

# Outcomes that are told beside another one, and so are no part of the sum.
FLAGS = frozenset({"bot"})
_OWN = {"stored": "stored", "duplicate": "duplicates", "dead_lettered": "dead_lettered"}


async def ingest_report(call: Call) -> Answer:
    """Counts by the hour in which the events were taken, and `accepted` = stored + duplicates + dropped
    + dead_lettered. What still lies in the stream is in the detailed health report."""
    asked = await asked_range(call)
    values = {"website_id": call.website.website_id, "since": asked.since, "until": asked.until}
    by_hour: defaultdict[datetime, Counter[str]] = defaultdict(Counter)
    for row in await call.reader.rows(Statement(sql.Composed([sql.SQL(read("reads/ingest_report"))]), values)):
        hour = row["hour"]
        assert isinstance(hour, datetime)
        by_hour[hour][str(row["outcome"])] += whole(row["events"])
    everything: Counter[str] = Counter()
    for counts in by_hour.values():
        everything.update(counts)
    body = {
        **await head(call, asked),
        "totals": _account(everything),
        "data": [{"hour": local_text(hour, asked), **_account(counts)} for hour, counts in by_hour.items()],
    }
    return Answer(body, max_age_seconds(asked, call.now), {"generated_at": call.now, "warnings": []})


def _account(counts: Counter[str]) -> dict[str, object]:
    """Every outcome by its name under `outcomes`, and the balance."""
    sums = {public: counts[outcome] for outcome, public in _OWN.items()}
    dropped = {name: events for name, events in counts.items() if name not in _OWN and name not in FLAGS}
    sums["dropped"] = sum(dropped.values())
    return {
        "accepted": sum(sums.values()),
        **sums,
        "dropped_reasons": dropped,
        "flags": {name: counts[name] for name in FLAGS},
    }
