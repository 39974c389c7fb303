-- How often each goal was met, by how many visitors, in how many of the sessions that began in the range, and what
-- it earned. An event may meet several goals; `goals` are their places, from 0.
WITH met AS MATERIALIZED (
    SELECT
        goal, visitor_hash, session_hash, session_started_at >= {since} AS is_visit, revenue_currency, revenue_amount
    FROM events
    CROSS JOIN LATERAL unnest(array_remove(ARRAY[{goals}]::integer[], NULL)) AS goal
    WHERE website_id = {website_id}
        AND "timestamp" >= {since}
        AND "timestamp" < {until}
        AND event_type NOT IN ('engagement', 'performance', 'identify')
        {conditions}
),
earned AS (
    SELECT goal, jsonb_object_agg(revenue_currency, revenue::text) AS revenue
    FROM (
        SELECT goal, revenue_currency, sum(revenue_amount) AS revenue
        FROM met
        WHERE revenue_amount IS NOT NULL
        GROUP BY goal, revenue_currency
    ) sums
    GROUP BY goal
)
SELECT counted.*, earned.revenue
FROM (
    SELECT
        goal,
        count(*) AS events,
        count(DISTINCT visitor_hash) AS unique_visitors,
        count(DISTINCT session_hash) FILTER (WHERE is_visit) AS sessions
    FROM met
    GROUP BY goal
) counted
LEFT JOIN earned USING (goal)
