"""Adds exported events to a website, one UTC day at a time, in short transactions.

It writes to the database itself, as erasing and purging do: an exported event is a finished row, with its session and
what was found out about its sender. Going through the stream would have all of it worked out anew, without the address.
So an answer promises what is committed. An event keeps its identity: one of its id at its time is the same event.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import NamedTuple

import msgspec
from psycopg import DataError, errors

from queryapi.access import no_such_website
from queryapi.database import RETRY_AFTER_SECONDS, changes, snapshot
from queryapi.endpoint import Services
from queryapi.fixed import fixed
from queryapi.import_lines import Line
from queryapi.rows import whole
from queryapi.stored_event import COLUMNS, StoredEvent, at_line
from shared.errors import AppError
from shared.hashes import digest64
from shared.seen import ANY_BUCKET, OLDEST_ID, seen_bucket, seen_key
from shared.session import LONGEST, SILENCE, is_derived_session, session_digits

# Events in one transaction: about a second on two cores.
MOST_AT_ONCE = 5000
# UTC days in one request, each a transaction of its own or more.
MAX_IMPORT_DAYS = 400


class Batch(NamedTuple):
    """Events of one UTC day: the line of the first of them, the days of event_seen that their ids need, and the values
    that the statement takes."""

    day: date
    line: int
    buckets: frozenset[date]
    values: Mapping[str, object]


def make_batches(lines: Sequence[Line], website_id: str, now: datetime) -> list[Batch]:
    """The events as transactions add them, the oldest first, each once. Raises AppError 413 for too many days."""
    by_day: defaultdict[date, dict[tuple[datetime, object], Line]] = defaultdict(dict)
    for line in lines:
        moment = line.event.timestamp.astimezone(UTC)
        by_day[moment.date()].setdefault((moment, line.event.id), line)
        if len(by_day) > MAX_IMPORT_DAYS:
            problem = f"more than {MAX_IMPORT_DAYS} different days; send them in several requests"
            raise at_line(line.number, AppError(413, "too_many_days", problem, details={"limit": MAX_IMPORT_DAYS}))
    return [batch for day in sorted(by_day) for batch in _batches(day, list(by_day[day].values()), website_id, now)]


async def make_room(services: Services, website_id: str, batches: Sequence[Batch]) -> None:
    """Have the days there that the events belong to. Raises AppError 409 for one that retention has dropped, before
    anything is written."""
    if not batches:
        return
    first_lines = {batch.day: batch.line for batch in reversed(batches)}
    asked = {"days": sorted(first_lines), "websites": [website_id]}
    async with snapshot(services.pool, services.settings) as reader:
        dropped = await reader.rows(fixed("writes/select_dropped_days", asked))
    for row in dropped:
        day = row["day"]
        assert isinstance(day, date)
        problem = f"retention has dropped the events of {day}; their numbers would be counted twice"
        details = {"field": "timestamp", "day": day.isoformat()}
        raise at_line(first_lines[day], AppError(409, "day_dropped", f"timestamp: {problem}", details=details))
    buckets = frozenset[date]().union(*(batch.buckets for batch in batches))
    needed = {"days": sorted(first_lines), "buckets": sorted(buckets - {ANY_BUCKET})}
    async with changes(services.pool, services.settings) as reader:
        await reader.rows(fixed("writes/ensure_import_days", needed))


async def add_batch(services: Services, batch: Batch) -> int:
    """Commit the events that are not there yet; how many they were. Raises AppError 503, or 404 for no such website."""
    try:
        async with changes(services.pool, services.settings) as reader:
            added = (await reader.rows(fixed("writes/import_events", batch.values)))[0]["added"]
    except errors.CheckViolation as error:
        # Retention dropped the day after it was looked for. Who asks again is told so, before anything is written.
        headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
        raise AppError(503, "database_busy", "a day was dropped meanwhile; send it again", headers=headers) from error
    except DataError as error:
        problem = "one of the events of its day holds what the database cannot"
        raise at_line(batch.line, AppError(422, "invalid_value", problem)) from error
    if added is None:
        raise no_such_website()
    return whole(added)


def _batches(day: date, lines: Sequence[Line], website_id: str, now: datetime) -> Iterator[Batch]:
    for start in range(0, len(lines), MOST_AT_ONCE):
        some = lines[start : start + MOST_AT_ONCE]
        events = [line.event for line in some]
        # A client may send these again, and a worker would look for them.
        recent = [event.id for event in events if event.received_at >= now - OLDEST_ID]
        buckets = [seen_bucket(event_id, now) for event_id in recent]
        values: dict[str, object] = {
            "website_id": website_id,
            "events": msgspec.json.encode([_row(event, website_id) for event in events]).decode(),
            "ids": recent,
            "buckets": buckets,
            "keys": [seen_key(website_id, event_id) for event_id in recent],
            "sessions_since": min(map(_earliest_of_session, events)),
        }
        yield Batch(day, some[0].number, frozenset(buckets), values)


def _row(event: StoredEvent, website_id: str) -> dict[str, object]:
    """The event as a row of the website, NULL left out."""
    stored: dict[str, object] = {name: getattr(event, name) for name in COLUMNS}
    session_id, session_hash = _session(event, website_id)
    return {name: value for name, value in stored.items() if value is not None and value is not msgspec.UNSET} | {
        "website_id": website_id,
        "visitor_hash": digest64(website_id, event.visitor_id),
        "session_id": session_id,
        "session_hash": session_hash,
    }


def _session(event: StoredEvent, website_id: str) -> tuple[str, int]:
    """The id and the hash that the session has on this website: its own there. On another one the hash must be another,
    because workers tell sessions of all websites apart by it."""
    stored = int(event.session_hash)
    if event.website_id == website_id:
        return event.session_id, stored
    session_hash = digest64(website_id, f"{event.session_id}\0{stored}")
    return session_digits(session_hash) if _is_derived(event) else event.session_id, session_hash


def _is_derived(event: StoredEvent) -> bool:
    return is_derived_session(event.session_id, int(event.session_hash))


def _earliest_of_session(event: StoredEvent) -> datetime:
    """No event of the session is older, whatever else is known of it (SPEC R21)."""
    return event.session_started_at - (SILENCE if _is_derived(event) else LONGEST)
