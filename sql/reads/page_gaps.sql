-- Mean seconds from a page view to the next thing its visitor did, at most half an hour; a session's last
-- view has none. For websites that send no engagement (SPEC R28).
SELECT name, round(avg(least(gap, 1800)))::bigint AS avg_time
FROM (
    SELECT
        {name} AS name,
        event_type,
        "timestamp",
        extract(epoch FROM lead("timestamp") OVER later - "timestamp") AS gap
    FROM events
    WHERE website_id = {website_id}
        AND "timestamp" >= {since}
        AND "timestamp" < {last_moment}
        AND event_type NOT IN ('engagement', 'performance', 'identify')
        {conditions}
    WINDOW later AS (PARTITION BY session_hash ORDER BY "timestamp", arrival)
) views
WHERE event_type = 'pageview'
    AND "timestamp" < {until}
    AND name = ANY ({names})
    AND gap IS NOT NULL
GROUP BY name
