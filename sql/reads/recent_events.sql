-- Single events, the newest first.
SELECT
    id, "timestamp", visitor_id, session_id, event_type, page, referrer, user_agent, properties, country, city, browser,
    browser_version, os, device, source, channel, is_bot
FROM events
WHERE website_id = {website_id}
    AND "timestamp" >= {since}
    AND "timestamp" < {until}
    {below}
    {conditions}
ORDER BY "timestamp" DESC, id DESC
LIMIT {limit}
