-- Custom events by name, or those of one name by the value of a property: how many, by how many visitors, in
-- how many of the sessions that began in the range, and what they earned.
WITH happened AS MATERIALIZED (
    SELECT
        {name} AS name, visitor_hash, session_hash, "timestamp", revenue_currency, revenue_amount,
        session_started_at >= {since} AS is_visit
    FROM events
    WHERE website_id = {website_id}
        AND "timestamp" >= {since}
        AND "timestamp" < {until}
        AND event_type NOT IN ('pageview', 'engagement', 'performance', 'identify')
        {conditions}
),
parts AS (
    SELECT
        name, count(*) AS events, 0 AS visitors, 0 AS sessions, min("timestamp") AS first_seen,
        max("timestamp") AS last_seen, revenue_currency, sum(revenue_amount) AS revenue
    FROM happened
    GROUP BY name, revenue_currency
    UNION ALL
    SELECT name, 0, count(*), 0, NULL, NULL, NULL, NULL
    FROM (SELECT name, visitor_hash FROM happened GROUP BY name, visitor_hash) people
    GROUP BY name
    UNION ALL
    SELECT name, 0, 0, count(*), NULL, NULL, NULL, NULL
    FROM (SELECT name, session_hash FROM happened WHERE is_visit GROUP BY name, session_hash) visits
    GROUP BY name
),
rows AS (
    SELECT
        name,
        sum(events)::bigint AS events,
        sum(visitors)::bigint AS unique_visitors,
        sum(sessions)::bigint AS sessions,
        min(first_seen) AS first_seen,
        max(last_seen) AS last_seen,
        jsonb_object_agg(revenue_currency, revenue::text) FILTER (WHERE revenue IS NOT NULL) AS revenue
    FROM parts
    {search}
    GROUP BY name
)
SELECT everything.total, page.*
FROM (SELECT count(*) AS total FROM rows) everything
LEFT JOIN LATERAL (
    SELECT true AS is_row, name, events, unique_visitors, sessions, first_seen, last_seen, revenue
    FROM rows
    ORDER BY {order_by}
    LIMIT {limit} OFFSET {offset}
) page ON true
