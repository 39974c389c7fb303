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
_SEEN_SITE = """
SELECT
    website_id, bucket, is_bot, sum(pageviews) AS pageviews, sum(custom_events) AS custom_events, sum(events) AS events,
    sum(persistent_events) AS persistent_events
FROM site_facts
GROUP BY 1, 2, 3
"""
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
SELECT
    website_id, bucket, has_bots, sum(sessions) AS sessions, sum(bounces) AS bounces, sum(duration) AS duration,
    sum(engaged_ms) AS engaged_ms, sum(engaged) AS engaged
FROM (SELECT website_id FROM events UNION SELECT website_id FROM rollup_visits) websites
CROSS JOIN LATERAL visit_facts_between(website_id, '-infinity', 'infinity')
GROUP BY 1, 2, 3
HAVING sum(sessions) <> 0
"""
# Lists by country of every stretch of the days there are, of websites that are counted by their own days.
_SPANS = """
WITH days AS (
    SELECT z.website_id, z.zone, v.day
    FROM rollup_zones z
    JOIN rollup_values v ON v.website_id = z.website_id AND v.dimension = 'everybody'
    WHERE z.counted_until = 'infinity'
    UNION
    SELECT z.website_id, z.zone, (e."timestamp" AT TIME ZONE z.zone)::date
    FROM rollup_zones z
    JOIN events e ON e.website_id = z.website_id
    WHERE z.counted_until = 'infinity'
)
SELECT first.website_id, first.zone, first.day AS first_day, last.day AS last_day
FROM days first
JOIN days last ON last.website_id = first.website_id AND last.day >= first.day
"""
_EXPECTED_VALUES = f"""
SELECT
    website_id, first_day, last_day, names, sum(pageviews) AS pageviews, sum(custom_events) AS custom_events,
    count(DISTINCT visitor_hash) AS visitors, sum(sessions) AS sessions, sum(bounces) AS bounces,
    sum(duration) AS duration, sum(engaged_ms) AS engaged_ms, sum(engaged) AS engaged
FROM (
    SELECT
        s.website_id, s.first_day, s.last_day, ARRAY[e.country] AS names, e.visitor_hash,
        (e.event_type = 'pageview')::integer AS pageviews, (e.event_type <> 'pageview')::integer AS custom_events,
        0 AS sessions, 0 AS bounces, INTERVAL '0' AS duration, 0 AS engaged_ms, 0 AS engaged
    FROM ({_SPANS}) s
    JOIN events e ON e.website_id = s.website_id
        AND (e."timestamp" AT TIME ZONE s.zone)::date BETWEEN s.first_day AND s.last_day
    WHERE NOT e.is_bot AND e.event_type NOT IN ('engagement', 'performance', 'identify')
    UNION ALL
    SELECT
        s.website_id, s.first_day, s.last_day, ARRAY[v.country], NULL, 0, 0, 1,
        (v.views < 2 AND v.interactions = 0)::integer, v.duration, v.engaged_ms,
        (v.views >= 2 OR v.interactions > 0 OR v.engaged_ms >= 10000)::integer
    FROM ({_SPANS}) s
    JOIN (
        SELECT
            website_id, min(country) AS country, min(session_started_at) AS started_at,
            sum((event_type = 'pageview')::integer) AS views,
            sum((interactive AND event_type NOT IN ('pageview', 'engagement', 'performance', 'identify'))::integer)
                AS interactions,
            sum(coalesce(engaged_ms, 0)) AS engaged_ms,
            max(CASE WHEN event_type NOT IN ('performance', 'identify') THEN "timestamp" END) - min(session_started_at)
                AS duration
        FROM events
        WHERE NOT is_bot
        GROUP BY website_id, session_hash
        HAVING bool_or(event_type NOT IN ('engagement', 'performance', 'identify'))
    ) v ON v.website_id = s.website_id
        AND (v.started_at AT TIME ZONE s.zone)::date BETWEEN s.first_day AND s.last_day
) parts
GROUP BY website_id, first_day, last_day, names
"""
_SEEN_VALUES = f"""
SELECT
    s.website_id, s.first_day, s.last_day, v.names, sum(v.pageviews), sum(v.custom_events), sum(v.visitors),
    sum(v.sessions), sum(v.bounces), sum(v.duration), sum(v.engaged_ms), sum(v.engaged)
FROM ({_SPANS}) s
CROSS JOIN LATERAL value_facts_between(s.website_id, 'country', s.first_day, s.last_day) v
GROUP BY s.website_id, s.first_day, s.last_day, v.names
HAVING sum(v.pageviews) + sum(v.custom_events) + sum(v.sessions) > 0
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
UNION ALL
(SELECT 'missing value', to_jsonb(x) FROM ({_EXPECTED_VALUES} EXCEPT ALL {_SEEN_VALUES}) x)
UNION ALL
(SELECT 'surplus value', to_jsonb(x) FROM ({_SEEN_VALUES} EXCEPT ALL {_EXPECTED_VALUES}) x)
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
