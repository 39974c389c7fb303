-- The ways that sessions took through pages: how many went each. A page viewed again at once is one step.
WITH views AS (
    SELECT
        session_hash, page, "timestamp", arrival,
        lag(page) OVER (PARTITION BY session_hash ORDER BY "timestamp", arrival) IS DISTINCT FROM page AS is_step
    FROM events
    WHERE website_id = {website_id}
        AND "timestamp" >= {since}
        AND "timestamp" < {last_moment}
        AND session_started_at >= {since}
        AND session_started_at < {until}
        AND event_type = 'pageview'
        {conditions}
),
steps AS (
    SELECT
        session_hash, page,
        row_number() OVER (PARTITION BY session_hash ORDER BY "timestamp", arrival) AS step
    FROM views
    WHERE is_step
),
taken AS (
    SELECT session_hash, {first_step} AS first_step, {last_step} AS last_step
    FROM steps
    {through}
    GROUP BY session_hash
),
ways AS (
    SELECT array_agg(steps.page ORDER BY steps.step) AS pages
    FROM steps
    JOIN taken USING (session_hash)
    WHERE steps.step BETWEEN taken.first_step AND taken.last_step
    GROUP BY steps.session_hash
),
rows AS (
    SELECT pages, count(*) AS sessions
    FROM ways
    GROUP BY pages
)
SELECT everything.total, everything.all_sessions, page.*
FROM (SELECT count(*) AS total, coalesce(sum(sessions), 0)::bigint AS all_sessions FROM rows) everything
LEFT JOIN LATERAL (
    SELECT true AS is_row, pages, sessions
    FROM rows
    ORDER BY sessions DESC, pages COLLATE "C"
    LIMIT {limit} OFFSET {offset}
) page ON true
