-- Sessions active in [since, until) with the time of their last event there, one row for each visitor id
-- of the session; of all visitors, or of those whose hashes are given. Performance and identify events
-- neither begin nor prolong a session.
SELECT DISTINCT ON (visitor_hash, session_hash)
    website_id,
    visitor_id,
    visitor_hash,
    session_id,
    session_hash,
    session_started_at,
    "timestamp" AS last_at,
    is_new_user,
    hostname,
    referrer,
    source,
    channel,
    rules_version,
    utm_source,
    utm_medium,
    utm_campaign,
    utm_term,
    utm_content,
    country,
    region,
    city,
    city_geoname_id,
    continent,
    browser,
    browser_version,
    os,
    os_version,
    device,
    screen,
    language
FROM events
WHERE website_id = ANY (%(websites)s)
    AND "timestamp" >= %(since)s
    AND "timestamp" < %(until)s
    AND event_type NOT IN ('performance', 'identify')
    AND (%(visitors)s::bigint[] IS NULL OR visitor_hash = ANY (%(visitors)s::bigint[]))
ORDER BY visitor_hash, session_hash, "timestamp" DESC
