-- Page views, custom events and distinct visitors by key: each visitor is one row before the count,
-- which hashes where count(DISTINCT) would sort.
SELECT
    {keys_first} sum(pageviews) AS pageviews, sum(custom_events) AS custom_events, count(*) AS visitors,
    0::bigint AS sessions, 0::bigint AS bounces, INTERVAL '0' AS duration, 0::bigint AS engaged_ms, 0::bigint AS engaged
FROM (
    SELECT {keys_first} visitor_hash, sum(pageviews) AS pageviews, sum(custom_events) AS custom_events
    FROM ({hits}) hits
    WHERE pageviews + custom_events > 0
    GROUP BY {keys_first} visitor_hash
) people
{group_by_keys}
