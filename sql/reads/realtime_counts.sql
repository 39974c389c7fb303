-- Visitors with any activity in the last 5 and 30 minutes, page views of the last 5 and 60 (SPEC R44).
SELECT
    count(DISTINCT visitor_hash) FILTER (WHERE "timestamp" > {now} - INTERVAL '300 seconds') AS current_visitors,
    count(DISTINCT visitor_hash) FILTER (WHERE "timestamp" > {now} - INTERVAL '1800 seconds') AS active_users,
    count(*) FILTER (WHERE event_type = 'pageview' AND "timestamp" > {now} - INTERVAL '300 seconds') AS page_views_last_5m,
    count(*) FILTER (WHERE event_type = 'pageview') AS page_views_last_1h
FROM events
WHERE website_id = {website_id}
    AND "timestamp" > {now} - INTERVAL '3600 seconds'
    AND "timestamp" <= {now}
    AND event_type NOT IN ('performance', 'identify')
    {conditions}
