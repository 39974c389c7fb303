-- The most visited values of one attribute over the last 30 minutes.
SELECT {name} AS name, count(*) AS views, count(DISTINCT visitor_hash) AS visitors
FROM events
WHERE website_id = {website_id}
    AND "timestamp" > {now} - INTERVAL '1800 seconds'
    AND "timestamp" <= {now}
    AND event_type = 'pageview'
    {conditions}
GROUP BY {name}
ORDER BY {order_by} DESC, {name} COLLATE "C" NULLS LAST
LIMIT 10
