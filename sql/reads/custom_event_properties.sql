-- The properties that custom events carry: on how many events, and how many different values.
WITH rows AS (
    SELECT property.key AS name, count(*) AS events, count(DISTINCT property.value) AS "values"
    FROM events
    CROSS JOIN LATERAL jsonb_each_text(properties) AS property (key, value)
    WHERE website_id = {website_id}
        AND "timestamp" >= {since}
        AND "timestamp" < {until}
        AND event_type NOT IN ('pageview', 'engagement', 'performance', 'identify')
        AND property.value IS NOT NULL
        {conditions}
    GROUP BY property.key
)
SELECT everything.total, page.*
FROM (SELECT count(*) AS total FROM rows {search}) everything
LEFT JOIN LATERAL (
    SELECT true AS is_row, name, events, "values"
    FROM rows
    {search}
    ORDER BY {order_by}
    LIMIT {limit} OFFSET {offset}
) page ON true
