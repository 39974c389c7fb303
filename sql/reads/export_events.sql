-- Events whole, the oldest first, after a place in that order. Numbers that not every reader of JSON can hold are text.
SELECT
    "timestamp", id, website_id, received_at, session_started_at, session_hash::text, arrival::text, engaged_ms, city_geoname_id,
    scroll_depth, rules_version, interactive, is_bot, is_persistent, is_new_user, visitor_id, session_id, event_type,
    page, title, hostname, referrer, source, channel, utm_source, utm_medium, utm_campaign, utm_term, utm_content,
    country, region, city, continent, browser, browser_version, os, os_version, device, screen, language,
    bot_category, bot_reasons, user_agent, revenue_currency, revenue_amount::text, performance::text, properties::text
FROM events
WHERE website_id = %(website_id)s
    AND "timestamp" >= %(since)s
    AND "timestamp" < %(until)s
    AND ("timestamp", id) > (%(moment)s, %(id)s::uuid)
ORDER BY "timestamp", id
LIMIT %(limit)s
