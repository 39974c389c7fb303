-- Page views and custom events by key, whoever they are of.
SELECT
    {keys_first} sum(pageviews) AS pageviews, sum(custom_events) AS custom_events, 0::bigint AS visitors,
    0::bigint AS sessions, 0::bigint AS bounces, INTERVAL '0' AS duration, 0::bigint AS engaged_ms, 0::bigint AS engaged
FROM ({hits}) hits
{group_by_keys}
