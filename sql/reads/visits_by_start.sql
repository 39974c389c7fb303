-- Sessions by key, measured whole, from what is counted by the quarter of an hour in which they started.
SELECT
    {keys_first} 0::numeric AS pageviews, 0::numeric AS custom_events, 0::bigint AS visitors,
    coalesce(sum(sessions), 0) AS sessions,
    coalesce(sum(bounces), 0) AS bounces,
    sum(duration) AS duration,
    sum(engaged_ms) AS engaged_ms,
    coalesce(sum(engaged), 0) AS engaged
FROM (
    SELECT {keys_from_starts_first} sessions, bounces, duration, engaged_ms, engaged
    FROM visit_facts_between({website_id}, {since}, {until})
    WHERE has_bots = {include_bots}
) visits
{group_by_keys}
