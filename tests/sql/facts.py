"""What the facts that readers see must say, by one plain GROUP BY over the events, in one snapshot."""

import psycopg

_EXPECTED_SESSIONS = """
SELECT
    website_id, date_bin('15 minutes', "timestamp", '2000-01-01 00:00+00') AS bucket,
    (((visitor_hash % 64) + 64) % 64)::smallint AS lane, session_hash, visitor_hash, is_bot,
    min(session_started_at) AS session_started_at,
    sum((event_type = 'pageview')::integer) AS pageviews,
    sum((event_type NOT IN ('pageview', 'engagement', 'performance', 'identify'))::integer) AS custom_events,
    sum((interactive AND event_type NOT IN ('pageview', 'engagement', 'performance', 'identify'))::integer)
        AS interactive_events,
    sum(coalesce(engaged_ms, 0)) AS engaged_ms,
    min(CASE WHEN event_type NOT IN ('performance', 'identify') THEN "timestamp" END) AS first_timestamp,
    max(CASE WHEN event_type NOT IN ('performance', 'identify') THEN "timestamp" END) AS last_timestamp,
    (min(ARRAY[to_char("timestamp", 'YYYYMMDDHH24MISSUS'), lpad(arrival::text, 19, '0'), page])
        FILTER (WHERE event_type = 'pageview'))[3] AS entry_page,
    (max(ARRAY[to_char("timestamp", 'YYYYMMDDHH24MISSUS'), lpad(arrival::text, 19, '0'), page])
        FILTER (WHERE event_type = 'pageview'))[3] AS exit_page,
    min(CASE WHEN event_type = 'pageview' THEN "timestamp" END) AS entry_at,
    max(CASE WHEN event_type = 'pageview' THEN "timestamp" END) AS exit_at,
    min(hostname) AS hostname, max(channel) AS channel, max(device) AS device
FROM events
GROUP BY 1, 2, 3, 4, 5, 6
"""
_SEEN_SESSIONS = """
SELECT
    website_id, bucket, lane, session_hash, visitor_hash, is_bot, session_started_at, pageviews, custom_events,
    interactive_events, engaged_ms, first_timestamp, last_timestamp, entry_page, exit_page, entry_at, exit_at,
    hostname, channel, device
FROM session_facts
"""
_EXPECTED_SITE = """
SELECT
    website_id, date_bin('15 minutes', "timestamp", '2000-01-01 00:00+00') AS bucket, is_bot,
    sum((event_type = 'pageview')::integer) AS pageviews,
    sum((event_type NOT IN ('pageview', 'engagement', 'performance', 'identify'))::integer) AS custom_events,
    count(*) AS events, count(CASE WHEN is_persistent THEN 1 END) AS persistent_events
FROM events
GROUP BY 1, 2, 3
"""
_SEEN_SITE = "SELECT website_id, bucket, is_bot, pageviews, custom_events, events, persistent_events FROM site_facts"
_EXPECTED_VISITS = """
SELECT
    website_id, date_bin('15 minutes', started_at, '2000-01-01 00:00+00') AS bucket, has_bots, count(*) AS sessions,
    sum((views < 2 AND interactions = 0)::integer) AS bounces, sum(duration) AS duration, sum(engaged_ms) AS engaged_ms,
    sum((views >= 2 OR interactions > 0 OR engaged_ms >= 10000)::integer) AS engaged
FROM (
    SELECT
        website_id, has_bots, min(session_started_at) AS started_at,
        sum((event_type = 'pageview')::integer) AS views,
        sum((interactive AND event_type NOT IN ('pageview', 'engagement', 'performance', 'identify'))::integer)
            AS interactions,
        sum(coalesce(engaged_ms, 0)) AS engaged_ms,
        max(CASE WHEN event_type NOT IN ('performance', 'identify') THEN "timestamp" END) - min(session_started_at)
            AS duration
    FROM events
    JOIN (VALUES (true), (false)) AS kind (has_bots) ON has_bots OR NOT is_bot
    GROUP BY website_id, has_bots, session_hash
    HAVING bool_or(event_type NOT IN ('engagement', 'performance', 'identify'))
) sessions
GROUP BY 1, 2, 3
"""
_SEEN_VISITS = """
SELECT website_id, bucket, has_bots, sessions, bounces, duration, engaged_ms, engaged
FROM (SELECT website_id FROM events UNION SELECT website_id FROM rollup_visits) websites
CROSS JOIN LATERAL visit_facts_between(website_id, '-infinity', 'infinity')
"""
_DIFFERENCE = f"""
(SELECT 'missing session', to_jsonb(x) FROM ({_EXPECTED_SESSIONS} EXCEPT ALL {_SEEN_SESSIONS}) x)
UNION ALL
(SELECT 'surplus session', to_jsonb(x) FROM ({_SEEN_SESSIONS} EXCEPT ALL {_EXPECTED_SESSIONS}) x)
UNION ALL
(SELECT 'missing site', to_jsonb(x) FROM ({_EXPECTED_SITE} EXCEPT ALL {_SEEN_SITE}) x)
UNION ALL
(SELECT 'surplus site', to_jsonb(x) FROM ({_SEEN_SITE} EXCEPT ALL {_EXPECTED_SITE}) x)
UNION ALL
(SELECT 'missing visits', to_jsonb(x) FROM ({_EXPECTED_VISITS} EXCEPT ALL {_SEEN_VISITS}) x)
UNION ALL
(SELECT 'surplus visits', to_jsonb(x) FROM ({_SEEN_VISITS} EXCEPT ALL {_EXPECTED_VISITS}) x)
"""


def differences(connection: psycopg.Connection) -> list[tuple[str, object]]:
    """Rows by which the views differ from the GROUP BY; empty when they agree."""
    return [(str(kind), row) for kind, row in connection.execute(_DIFFERENCE.encode()).fetchall()]


def session_facts(connection: psycopg.Connection) -> list[tuple[object, ...]]:
    return connection.execute(f"{_SEEN_SESSIONS} ORDER BY 1, 2, 3, 4, 5, 6".encode()).fetchall()


def site_facts(connection: psycopg.Connection) -> list[tuple[object, ...]]:
    return connection.execute(f"{_SEEN_SITE} ORDER BY 1, 2, 3".encode()).fetchall()


def dirty_rows(connection: psycopg.Connection) -> int:
    row = connection.execute("SELECT count(*) FROM rollup_dirty").fetchone()
    assert row is not None
    return int(row[0])
