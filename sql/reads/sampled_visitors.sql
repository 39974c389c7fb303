-- Distinct visitors by key, estimated from some of the 64 lanes that each visitor is in one of.
SELECT
    {keys_first} 0::numeric AS pageviews, 0::numeric AS custom_events,
    round(count(*) * 64.0 / {lanes})::bigint AS visitors,
    0::bigint AS sessions, 0::bigint AS bounces, INTERVAL '0' AS duration, 0::bigint AS engaged_ms, 0::bigint AS engaged
FROM (
    SELECT {keys_first} visitor_hash
    FROM ({hits}) hits
    WHERE pageviews + custom_events > 0
    GROUP BY {keys_first} visitor_hash
) people
{group_by_keys}
