-- Page views and visitors with any activity, minute by minute, counted from the first of `minutes`.
SELECT
    width_bucket("timestamp", {minutes}) AS minute,
    count(*) FILTER (WHERE event_type = 'pageview') AS page_views,
    count(DISTINCT visitor_hash) AS visitors
FROM events
WHERE website_id = {website_id}
    AND "timestamp" >= {since}
    AND "timestamp" <= {now}
    AND event_type NOT IN ('performance', 'identify')
    {conditions}
GROUP BY 1
