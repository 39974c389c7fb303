"""What became of every event that came in (SPEC R56)."""

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
    """Counts by the hour in which the events came, and `accepted` = stored + duplicates + dropped + dead_lettered of
    those taken from the stream; beside them what the gateway dropped before. What still lies in the stream is in the
    detailed health report."""
    asked = await asked_range(call)
    values = {"website_id": call.website.website_id, "since": asked.since, "until": asked.until}
    by_hour: defaultdict[datetime, Counter[tuple[str, bool]]] = defaultdict(Counter)
    for row in await call.reader.rows(Statement(sql.Composed([sql.SQL(read("reads/ingest_report"))]), values)):
        hour = row["hour"]
        assert isinstance(hour, datetime)
        by_hour[hour][str(row["outcome"]), bool(row["is_of_gateway"])] += whole(row["events"])
    everything: Counter[tuple[str, bool]] = Counter()
    for counts in by_hour.values():
        everything.update(counts)
    body = {
        **await head(call, asked),
        "totals": _account(everything),
        "data": [{"hour": local_text(hour, asked), **_account(counts)} for hour, counts in by_hour.items()],
    }
    return Answer(body, max_age_seconds(asked, call.now), {"generated_at": call.now, "warnings": []})


def _account(by_place: Counter[tuple[str, bool]]) -> dict[str, object]:
    """Every outcome by its name, and the balance; of outcomes by name and whether they are the gateway's."""
    counts = Counter({name: events for (name, is_of_gateway), events in by_place.items() if not is_of_gateway})
    sums = {public: counts[outcome] for outcome, public in _OWN.items()}
    dropped = {name: events for name, events in counts.items() if name not in _OWN and name not in FLAGS}
    sums["dropped"] = sum(dropped.values())
    return {
        "accepted": sum(sums.values()),
        **sums,
        "dropped_reasons": dropped,
        "dropped_by_gateway": {name: events for (name, is_of_gateway), events in by_place.items() if is_of_gateway},
        "flags": {name: counts[name] for name in FLAGS},
    }
