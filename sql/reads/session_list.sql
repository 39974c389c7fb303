-- Sessions, those that began last first, each measured whole.
SELECT
    session_hash,
    (array_agg(visitor_hash ORDER BY bucket, first_timestamp))[1] AS visitor_hash,
    min(session_started_at) AS started_at,
    round(extract(epoch FROM max(last_timestamp) - min(session_started_at)))::bigint AS duration,
    sum(pageviews)::bigint AS page_views,
    sum(custom_events)::bigint AS events,
    round(sum(engaged_ms)::numeric / 1000)::bigint AS engaged_time,
    sum(pageviews) < 2 AND sum(interactive_events) = 0 {unengaged} AS is_bounce,
    bool_or(is_bot) AS is_bot,
    (array_agg(entry_page ORDER BY entry_at) FILTER (WHERE entry_at IS NOT NULL))[1] AS entry_page,
    (array_agg(exit_page ORDER BY exit_at DESC) FILTER (WHERE exit_at IS NOT NULL))[1] AS exit_page,
    {attributes}
FROM session_facts_between({first_bucket}, {last_bucket})
WHERE website_id = {website_id}
    AND session_started_at >= {since}
    AND session_started_at < {until}
    {below}
    {conditions}
GROUP BY session_hash
HAVING sum(pageviews + custom_events) > 0
ORDER BY min(session_started_at) DESC, session_hash DESC
LIMIT {limit}
