"""Writes the model's events as a worker leaves them."""

import hashlib
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import psycopg
from psycopg.types.json import Jsonb

from tests.model.model import StoredEvent

ATTRIBUTES = (
    "hostname referrer source channel utm_source utm_medium utm_campaign country region city continent browser os "
    "device screen"
).split()
_INSERT = """
INSERT INTO events (
    "timestamp", received_at, session_started_at, visitor_hash, session_hash, arrival, engaged_ms, scroll_depth,
    rules_version, interactive, is_bot, is_persistent, id, website_id, visitor_id, session_id, event_type, page,
    properties, city_geoname_id, hostname, referrer, source, channel, utm_source, utm_medium, utm_campaign, country,
    region, city, continent, browser, os, device, screen, revenue_currency, revenue_amount
) VALUES (
    %(timestamp)s, %(timestamp)s, %(session_started_at)s, %(visitor_hash)s, %(session_hash)s, %(arrival)s,
    %(engaged_ms)s, %(scroll_depth)s, 1, %(interactive)s, %(is_bot)s, false, %(id)s, %(website_id)s, %(visitor)s,
    %(session)s, %(event_type)s, %(page)s, %(properties)s, %(city_geoname_id)s, %(hostname)s, %(referrer)s,
    %(source)s, %(channel)s, %(utm_source)s, %(utm_medium)s, %(utm_campaign)s, %(country)s, %(region)s, %(city)s,
    %(continent)s, %(browser)s, %(os)s, %(device)s, %(screen)s,
    %(revenue_currency)s, %(revenue_amount)s
)
"""
_MARK = """
INSERT INTO rollup_dirty (website_id, bucket)
VALUES (%(website_id)s, date_bin('15 minutes', %(timestamp)s, timestamptz '2000-01-01 00:00:00Z'))
"""
_PUT_WEBSITE = """
INSERT INTO websites (website_id, name, timezone, engaged_threshold_s) VALUES (%s, 'model', %s, %s)
"""


def put_website(
    connection: psycopg.Connection, website_id: str, zone_name: str, engaged_threshold_s: int | None = None
) -> None:
    connection.execute(_PUT_WEBSITE, (website_id, zone_name, engaged_threshold_s))


def write(connection: psycopg.Connection, website_id: str, events: Iterable[StoredEvent]) -> None:
    """One transaction, as a worker's: the rows and their dirty buckets."""
    rows = [_row(website_id, event) for event in events]
    if not rows:
        return
    days = sorted(event["timestamp"] for event in rows)
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("SELECT ensure_days(%s::date, %s::date)", (days[0], days[-1] + timedelta(days=2)))
        cursor.executemany(_INSERT, rows)
        cursor.executemany(_MARK, rows)


def visitor_lane(website_id: str, visitor: str) -> int:
    """Which of the 64 slices of visitors this one is in."""
    return _hash(website_id, visitor) % 64


def in_sample(website_id: str, visitor: str, one_in: int) -> bool:
    """Whether this one is among the first of so many equal parts of the visitors, by their hashes."""
    return (_hash(website_id, visitor) + 2**63) * one_in < 2**64


def geoname_id(place: tuple[str | None, str | None]) -> int | None:
    """A number for each city of a region."""
    return None if place[0] is None else _hash(str(place)) & 0xFFFFFF


def _row(website_id: str, event: StoredEvent) -> dict[str, Any]:
    return {
        **{name: event.attributes[name] for name in ATTRIBUTES},
        "timestamp": event.timestamp,
        "session_started_at": event.session_started_at,
        "visitor_hash": _hash(website_id, event.visitor),
        "session_hash": _hash(website_id, event.session),
        "arrival": event.arrival,
        "engaged_ms": event.engaged_ms,
        "scroll_depth": event.scroll_depth,
        "interactive": event.interactive,
        "is_bot": event.is_bot,
        "id": uuid4(),
        "website_id": website_id,
        "visitor": event.visitor,
        "session": event.session,
        "event_type": event.event_type,
        "page": event.page,
        "properties": Jsonb(dict(event.properties)) if event.properties else None,
        "revenue_currency": event.revenue and event.revenue[0],
        "revenue_amount": event.revenue and event.revenue[1],
        "city_geoname_id": geoname_id((event.attributes["city"], event.attributes["region"])),
    }


def _hash(*parts: str) -> int:
    return int.from_bytes(hashlib.blake2b("\0".join(parts).encode(), digest_size=8).digest(), signed=True)
