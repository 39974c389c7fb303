-- The rollups as tables.
CREATE TABLE rollup_sessions AS
    SELECT ''::text AS website_id, now() AS bucket, s.* FROM sessions_of_bucket('', now()) s WITH NO DATA;
ALTER TABLE rollup_sessions
    ADD PRIMARY KEY (website_id, bucket, lane, session_hash, visitor_hash, is_bot),
    -- Room to update a running session's row in place, without touching the indexes.
    SET (fillfactor = 85);
CREATE INDEX rollup_sessions_lane ON rollup_sessions (website_id, lane, bucket);

CREATE TABLE rollup_site AS
    SELECT ''::text AS website_id, now() AS bucket, s.* FROM site_of_bucket('', now()) s WITH NO DATA;
ALTER TABLE rollup_site ADD PRIMARY KEY (website_id, bucket, is_bot);

-- Recompute the buckets: write what changed, delete what is not there any more (a session that moved,
-- events that were erased). Only changed rows are written: replacing all leaves 26 times the dead rows.
-- The pairs of `websites` and `buckets` are distinct.
CREATE PROCEDURE rollup_recompute(websites text[], buckets timestamptz[]) LANGUAGE plpgsql AS $$
DECLARE
    gone record;
BEGIN
    FOR gone IN
        WITH dirty AS (
            SELECT website_id, bucket FROM unnest(websites, buckets) AS pair (website_id, bucket)
        ), fresh AS MATERIALIZED (
            SELECT d.website_id, d.bucket, s.*
            FROM dirty d CROSS JOIN LATERAL sessions_of_bucket(d.website_id, d.bucket) s
        ), stored AS (
            INSERT INTO rollup_sessions AS r SELECT * FROM fresh
            ON CONFLICT (website_id, bucket, lane, session_hash, visitor_hash, is_bot) DO UPDATE SET
                session_started_at = excluded.session_started_at, pageviews = excluded.pageviews,
                custom_events = excluded.custom_events, interactive_events = excluded.interactive_events,
                engaged_ms = excluded.engaged_ms, first_timestamp = excluded.first_timestamp,
                last_timestamp = excluded.last_timestamp, entry_page = excluded.entry_page,
                entry_at = excluded.entry_at, exit_page = excluded.exit_page, exit_at = excluded.exit_at,
                hostname = excluded.hostname, referrer = excluded.referrer, source = excluded.source,
                channel = excluded.channel, utm_source = excluded.utm_source, utm_medium = excluded.utm_medium,
                utm_campaign = excluded.utm_campaign, utm_term = excluded.utm_term,
                utm_content = excluded.utm_content, country = excluded.country, region = excluded.region,
                city = excluded.city, city_geoname_id = excluded.city_geoname_id,
                continent = excluded.continent, browser = excluded.browser,
                browser_version = excluded.browser_version, os = excluded.os, os_version = excluded.os_version,
                device = excluded.device, screen = excluded.screen, language = excluded.language
            WHERE (
                r.session_started_at, r.pageviews, r.custom_events, r.interactive_events, r.engaged_ms,
                r.first_timestamp, r.last_timestamp, r.entry_page, r.entry_at, r.exit_page, r.exit_at,
                r.hostname, r.referrer, r.source, r.channel, r.utm_source, r.utm_medium, r.utm_campaign,
                r.utm_term, r.utm_content, r.country, r.region, r.city, r.city_geoname_id, r.continent,
                r.browser, r.browser_version, r.os, r.os_version, r.device, r.screen, r.language
            ) IS DISTINCT FROM (
                excluded.session_started_at, excluded.pageviews, excluded.custom_events,
                excluded.interactive_events, excluded.engaged_ms, excluded.first_timestamp,
                excluded.last_timestamp, excluded.entry_page, excluded.entry_at, excluded.exit_page,
                excluded.exit_at, excluded.hostname, excluded.referrer, excluded.source, excluded.channel,
                excluded.utm_source, excluded.utm_medium, excluded.utm_campaign, excluded.utm_term,
                excluded.utm_content, excluded.country, excluded.region, excluded.city,
                excluded.city_geoname_id, excluded.continent, excluded.browser, excluded.browser_version,
                excluded.os, excluded.os_version, excluded.device, excluded.screen, excluded.language
            )
        )
        SELECT d.website_id, d.bucket, r.lane, r.session_hash, r.visitor_hash, r.is_bot
        FROM dirty d CROSS JOIN LATERAL (
            SELECT lane, session_hash, visitor_hash, is_bot
            FROM rollup_sessions
            WHERE website_id = d.website_id AND bucket = d.bucket
            OFFSET 0
        ) r
        EXCEPT
        SELECT website_id, bucket, lane, session_hash, visitor_hash, is_bot FROM fresh
    LOOP
        DELETE FROM rollup_sessions r
        WHERE r.website_id = gone.website_id AND r.bucket = gone.bucket AND r.lane = gone.lane
            AND r.session_hash = gone.session_hash AND r.visitor_hash = gone.visitor_hash AND r.is_bot = gone.is_bot;
    END LOOP;
    -- A handful of rows: replaced as they are.
    DELETE FROM rollup_site r USING unnest(websites, buckets) AS d (website_id, bucket)
    WHERE r.website_id = d.website_id AND r.bucket = d.bucket;
    INSERT INTO rollup_site
    SELECT d.website_id, d.bucket, s.*
    FROM unnest(websites, buckets) AS d (website_id, bucket)
    CROSS JOIN LATERAL site_of_bucket(d.website_id, d.bucket) s;
END
$$;
