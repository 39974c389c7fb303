"""Events as rows, for tests that write them without a worker; keeps the promises a worker keeps."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import LiteralString
from uuid import uuid4

import psycopg

_arrivals = count(1)


@dataclass(frozen=True, kw_only=True)
class Row:
    """What matters of one event to a rollup; the rest of its columns are the same for all."""

    timestamp: datetime
    website_id: str = "example.com"
    visitor: int = 1
    session: int = 1
    event_type: str = "pageview"
    page: str = "/"
    hostname: str = "www.example.com"
    country: str | None = None
    interactive: bool = True
    is_bot: bool = False
    is_persistent: bool = False
    engaged_ms: int | None = None
    received_at: datetime | None = None
    arrival: int = field(default_factory=lambda: next(_arrivals))


INSERT = """
INSERT INTO events (
    "timestamp", received_at, session_started_at, visitor_hash, session_hash, arrival, engaged_ms, rules_version,
    interactive, is_bot, is_persistent, id, website_id, visitor_id, session_id, event_type, page, hostname, country,
    channel, device
) VALUES (
    %s, %s, %s, %s, %s, %s, %s, 1, %s, %s, %s, %s, %s, 'visitor', 'session', %s, %s, %s, %s, 'Direct', 'desktop'
)
"""
MARK = """
INSERT INTO rollup_dirty (website_id, bucket)
SELECT website_id, date_bin('15 minutes', "timestamp", '2000-01-01 00:00+00')
FROM events
WHERE website_id = ANY (%(websites)s) AND session_hash = ANY (%(sessions)s)
"""
# As a worker marks: whose rows of the rollup may change, and what the new events add.
MARK_VISITORS = """
INSERT INTO rollup_dirty (website_id, bucket, visitors, is_bot, pageviews, custom_events, events, persistent_events)
SELECT
    website_id, date_bin('15 minutes', "timestamp", '2000-01-01 00:00+00'), array_agg(DISTINCT visitor_hash), is_bot,
    sum((is_new AND event_type = 'pageview')::integer),
    sum((is_new AND event_type NOT IN ('pageview', 'engagement', 'performance', 'identify'))::integer),
    sum(is_new::integer), sum((is_new AND is_persistent)::integer)
FROM (SELECT *, id = ANY (%(ids)s) AS is_new FROM events) told
WHERE website_id = ANY (%(websites)s) AND session_hash = ANY (%(sessions)s)
GROUP BY 1, 2, 4
"""
# Every row of a session carries the start and the attributes of its first event.
ALIGN = """
UPDATE events e SET session_started_at = first.start, hostname = first.hostname, country = first.country
FROM (
    SELECT DISTINCT ON (website_id, session_hash)
        website_id, session_hash, "timestamp" AS start, hostname, country
    FROM events
    WHERE website_id = ANY (%(websites)s) AND session_hash = ANY (%(sessions)s)
    ORDER BY website_id, session_hash, "timestamp", arrival
) first
WHERE e.website_id = first.website_id AND e.session_hash = first.session_hash
    AND (e.session_started_at, e.hostname, e.country) IS DISTINCT FROM (first.start, first.hostname, first.country)
"""


def write(connection: psycopg.Connection, rows: Sequence[Row], mark: LiteralString = MARK_VISITORS) -> None:
    """One transaction, as a worker's: rows, sessions moved by late ones, marks."""
    ids = [uuid4() for _ in rows]
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(
            INSERT,
            [
                (
                    row.timestamp,
                    row.received_at or row.timestamp,
                    row.timestamp,
                    row.visitor,
                    row.session,
                    row.arrival,
                    row.engaged_ms,
                    row.interactive,
                    row.is_bot,
                    row.is_persistent,
                    event_id,
                    row.website_id,
                    row.event_type,
                    row.page,
                    row.hostname,
                    row.country,
                )
                for row, event_id in zip(rows, ids, strict=True)
            ],
        )
        touched = {
            "websites": [row.website_id for row in rows],
            "sessions": [row.session for row in rows],
            "ids": ids,
        }
        cursor.execute(ALIGN, touched)
        cursor.execute(mark, touched)


def put_website(connection: psycopg.Connection, website_id: str, timezone: str) -> None:
    """Registered, so that lists are counted by its days."""
    connection.execute(
        "INSERT INTO websites (website_id, name, timezone) VALUES (%(website_id)s, 'test', %(timezone)s)"
        " ON CONFLICT (website_id) DO UPDATE SET timezone = %(timezone)s",
        {"website_id": website_id, "timezone": timezone},
    )


def erase(connection: psycopg.Connection, website_id: str, session: int) -> None:
    """Delete a session, as an erasure does."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(MARK, {"websites": [website_id], "sessions": [session]})
        cursor.execute("DELETE FROM events WHERE website_id = %s AND session_hash = %s", (website_id, session))
