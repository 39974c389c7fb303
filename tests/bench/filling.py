"""A database full of what ten websites of very different size saw in 30 days: the same shape at any scale."""

import json
from collections.abc import Sequence
from uuid import NAMESPACE_URL, uuid5

import psycopg

from shared.planning import PLANNING
from worker.connection import opened_with

DAYS = 30
# A website's share of all sessions.
SHARES = (0.6, 0.15, 0.08, 0.06, 0.04, 0.03, 0.02, 0.012, 0.006, 0.002)
WEBSITES = tuple(f"bench-{number}" for number in range(len(SHARES)))
FUNNEL_ID = "6f6b1c1e-0000-4000-8000-000000000001"
EASY_FUNNEL_ID = "6f6b1c1e-0000-4000-8000-000000000002"
_EVENTS_A_SESSION = 3.3
# Of those who begin the first a few in 100 000 come to its end, of the second one in ten.
_FUNNELS = {
    FUNNEL_ID: ("/page/1", "/page/2", "/page/5", "/page/12"),
    EASY_FUNNEL_ID: ("/page/1", "/page/*", "/page/1*", "/page/*"),
}
# Sessions of one statement: bounds its memory and its transaction.
_SESSIONS_AT_ONCE = 300_000

# Zipf pages and cities, a third of the visitors come again, nights are quiet. What a visitor is stands in hashes
# of its number, so that attributes of one visitor are the same each time and those of different kinds independent.
_SESSIONS = """
    SELECT
        session,
        visitor,
        website,
        hashint8extended(visitor, 11) AS visitor_hash,
        hashint8extended(session, 12) AS session_hash,
        date_trunc('second', now()) - INTERVAL '40 minutes'
            - INTERVAL '1 day' * (day + shape - 0.08 * sin(2 * pi() * shape)) AS started,
        least(40, floor(-ln(1 - length_draw) * 2.77))::integer AS last_step,
        10 + (gap_draw * 80)::integer AS gap,
        visitor_draw(visitor, 1, 50) = 0 AS is_bot,
        visitor_draw(visitor, 2, 8) AS source,
        floor(exp((visitor_draw(visitor, 3, 10000) + 0.5) / 10000 * ln(40.0)))::integer AS country,
        floor(exp((visitor_draw(visitor, 4, 10000) + 0.5) / 10000 * ln(60.0)))::integer AS city,
        visitor_draw(visitor, 5, 5) AS browser,
        visitor_draw(visitor, 6, 3) AS os
    FROM (
        SELECT
            session, website, floor(random() * 30) AS day, random() AS shape, random() AS length_draw,
            random() AS gap_draw,
            (website + 1) * 10000000000 + floor(random() * website_sessions * 1.2)::bigint AS visitor
        FROM (
            SELECT
                session, website,
                (%(shares)s::double precision[])[1 + website] * %(all_sessions)s::bigint AS website_sessions
            FROM (
                SELECT session, width_bucket(random(), %(limits)s::double precision[]) AS website
                FROM generate_series(%(first)s::bigint, %(last)s::bigint) session
            ) drawn
        ) placed
    ) visits
"""
_VISITOR_DRAW = """
    CREATE FUNCTION pg_temp.visitor_draw(visitor bigint, seed bigint, choices integer) RETURNS integer
    LANGUAGE sql IMMUTABLE AS 'SELECT mod(hashint8extended(visitor, seed) & 1073741823, choices)::integer'
"""
_EVENTS = """
    INSERT INTO events ("timestamp", received_at, session_started_at, visitor_hash, session_hash, arrival,
        engaged_ms, rules_version, interactive, is_bot, is_persistent, id, website_id, visitor_id, session_id,
        event_type, page, hostname, referrer, source, channel, utm_source, utm_campaign, country, region, city,
        continent, browser, os, device, screen, language)
    SELECT started + make_interval(secs => step * gap), started, started, visitor_hash, session_hash,
        session * 64 + step,
        CASE WHEN event_type = 'engagement' THEN 4000 + (page_draw * 30000)::integer END, 1, true, is_bot, true,
        gen_random_uuid(), 'bench-' || website, 'v' || visitor, 's' || session, event_type,
        '/page/' || floor(exp(page_draw * ln(2000.0)))::integer, 'example.org',
        (ARRAY[NULL, NULL, 'https://google.com/', 'https://google.com/', 'https://bing.com/', 'https://facebook.com/',
            'https://news.example/a', NULL])[1 + source],
        (ARRAY[NULL, NULL, 'Google', 'Google', 'Bing', 'Facebook', 'news.example', 'letter'])[1 + source],
        (ARRAY['Direct', 'Direct', 'Organic Search', 'Organic Search', 'Organic Search', 'Social', 'Referral',
            'Email'])[1 + source],
        CASE WHEN source = 7 THEN 'letter' END, CASE WHEN source = 7 THEN 'week ' || mod(country, 5) END,
        (ARRAY['US', 'DE', 'IN', 'GB', 'FR', 'BR', 'JP', 'CA', 'IT', 'ES'])[1 + mod(country - 1, 10)],
        'R-' || country, 'City ' || country || '-' || city, (ARRAY['NA', 'EU', 'AS'])[1 + mod(country, 3)],
        (ARRAY['Chrome', 'Chrome', 'Safari', 'Firefox', 'Edge'])[1 + browser],
        (ARRAY['Windows', 'Android', 'iOS'])[1 + os], (ARRAY['desktop', 'mobile', 'mobile'])[1 + os], '1920x1080', 'en'
    FROM (
        SELECT
            sessions.*, step, random() AS page_draw,
            CASE WHEN step = 0 OR type_draw < 0.6 THEN 'pageview' WHEN type_draw < 0.9 THEN 'engagement'
                WHEN type_draw < 0.97 THEN 'signup' ELSE 'outbound' END AS event_type
        FROM ({sessions}) sessions
        CROSS JOIN LATERAL (SELECT step, random() AS type_draw FROM generate_series(0, last_step) step) steps
    ) drawn
"""


def fill(database: str, events: int) -> None:
    """About `events` rows up to now, and rollups with nothing dirty."""
    sessions = round(events / _EVENTS_A_SESSION)
    statement = _EVENTS.format(sessions=_SESSIONS).replace("visitor_draw(", "pg_temp.visitor_draw(")
    with psycopg.connect(database, autocommit=True, options=opened_with(database, PLANNING)) as connection:
        connection.execute(_VISITOR_DRAW)
        connection.execute("SELECT ensure_days(current_date - 32, current_date + 1)")
        for website_id in WEBSITES:
            connection.execute("INSERT INTO websites (website_id, name) VALUES (%s, 'bench')", (website_id,))
        limits = [sum(SHARES[: number + 1]) for number in range(len(SHARES) - 1)]
        for first in range(1, sessions + 1, _SESSIONS_AT_ONCE):
            last = min(first + _SESSIONS_AT_ONCE - 1, sessions)
            values = {"limits": limits, "shares": list(SHARES), "all_sessions": sessions, "first": first, "last": last}
            connection.execute(statement.encode(), values)
        connection.execute(
            "INSERT INTO rollup_dirty (website_id, bucket) SELECT DISTINCT website_id,"
            " date_bin('15 minutes', \"timestamp\", timestamptz '2000-01-01 00:00:00Z') FROM events"
        )
        connection.execute("CALL rollup_refresh()")
        for funnel_id, pages in _FUNNELS.items():
            _put_funnel(connection, funnel_id, pages)
        connection.execute("VACUUM (ANALYZE)")


def _put_funnel(connection: psycopg.Connection, funnel_id: str, pages: Sequence[str]) -> None:
    steps: list[dict[str, object]] = [
        {"id": str(uuid5(NAMESPACE_URL, page)), "name": page, "page": page, "event_type": "pageview", "properties": {}}
        for page in pages
    ]
    connection.execute(
        "INSERT INTO funnels (funnel_id, website_id, name, steps, scope, step_order, window_seconds, created_at,"
        " updated_at) VALUES (%s, %s, %s, %s, 'visitor', 'ordered', 86400, now(), now())",
        (funnel_id, WEBSITES[0], funnel_id, json.dumps(steps)),
    )
