-- Sessions of the visitors, each given with its website, that have events in [since, until): one row for each visitor id
-- of a session, with the time of its last activity there. Performance and identify events are none. Of more events than
-- a visitor has, a robot's, the sessions of some: or one visitor could hold up all others.
SELECT found.*
FROM unnest(%(websites)s::text[], %(visitors)s::bigint[]) AS asked (website_id, visitor_hash)
CROSS JOIN LATERAL (
    SELECT DISTINCT ON (session_hash)
        website_id,
        visitor_id,
        visitor_hash,
        session_id,
        session_hash,
        session_started_at,
        CASE WHEN event_type IN ('performance', 'identify') THEN session_started_at ELSE "timestamp" END AS last_at,
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
    FROM (
        SELECT *
        FROM events
        WHERE website_id = asked.website_id
            AND visitor_hash = asked.visitor_hash
            AND "timestamp" >= %(since)s
            AND "timestamp" < %(until)s
        LIMIT 10000
    ) events
    ORDER BY session_hash, last_at DESC
) found
