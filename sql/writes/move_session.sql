-- Give the stored rows of a session its earlier start and its new first event's attributes; answers the
-- 15-minute bucket of each, and whose it is. The range holds the whole session. Its rows are those of the first event's visitor,
-- under today's or yesterday's id; from midnight on they may have tomorrow's, which nobody knows from today's.
UPDATE events
SET session_started_at = %(session_started_at)s,
    hostname = %(hostname)s,
    referrer = %(referrer)s,
    source = %(source)s,
    channel = %(channel)s,
    rules_version = %(rules_version)s,
    utm_source = %(utm_source)s,
    utm_medium = %(utm_medium)s,
    utm_campaign = %(utm_campaign)s,
    utm_term = %(utm_term)s,
    utm_content = %(utm_content)s,
    country = %(country)s,
    region = %(region)s,
    city = %(city)s,
    city_geoname_id = %(city_geoname_id)s,
    continent = %(continent)s,
    browser = %(browser)s,
    browser_version = %(browser_version)s,
    os = %(os)s,
    os_version = %(os_version)s,
    device = %(device)s,
    screen = %(screen)s,
    language = %(language)s
WHERE website_id = %(website_id)s
    AND "timestamp" >= %(since)s
    AND "timestamp" < %(until)s
    AND session_hash = %(session_hash)s
    AND (visitor_hash = ANY (%(visitors)s::bigint[]) OR "timestamp" >= %(midnight)s)
RETURNING date_bin('15 minutes', "timestamp", '1970-01-01 00:00:00+00'), visitor_hash, is_bot
