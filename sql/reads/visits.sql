-- Sessions by key, measured whole: a session may go on for 24 hours after the range (SPEC R20, R34).
SELECT
    {keys_first} 0::numeric AS pageviews, 0::numeric AS custom_events, 0::bigint AS visitors,
    count(*) AS sessions,
    count(*) FILTER (WHERE pageviews < 2 AND interactive_events = 0 {unengaged}) AS bounces,
    sum(duration) AS duration,
    sum(engaged_ms)::bigint AS engaged_ms,
    count(*) FILTER (WHERE pageviews >= 2 OR interactive_events > 0 OR engaged_ms >= 10000) AS engaged
FROM (
    SELECT
        {keys_from_facts_first}
        sum(pageviews) AS pageviews,
        sum(interactive_events) AS interactive_events,
        sum(engaged_ms::double precision) AS engaged_ms,
        max(last_timestamp) - min(session_started_at) AS duration
    FROM {sessions}
    WHERE session_started_at >= {since}
        AND session_started_at < {until}
        {conditions}
    GROUP BY session_hash
    HAVING sum(pageviews + custom_events) > 0
        {begun}
) visits
{group_by_keys}
