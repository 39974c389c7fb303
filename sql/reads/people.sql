-- What each visitor of a sample did in the range, and in how many sessions.
SELECT
    visitor_hash, sum(pageviews) AS pageviews, sum(custom_events) AS custom_events,
    count(DISTINCT session_hash) AS sessions
FROM ({hits}) hits
WHERE pageviews + custom_events > 0
GROUP BY visitor_hash
