-- Marks that say whom they are about. A dirty bucket was read from all of its events, and rolled up again from all of
-- them; that of a busy website, of which more is told all the time, is dirty whenever anybody looks. Now a mark names the
-- visitors whose rows in `rollup_sessions` may be out of date, and what `rollup_site` lacks: as many events are read as
-- those visitors have in the bucket.

-- Views that this changes stand on what `pinned` shows of them.
DROP SCHEMA IF EXISTS pinned CASCADE;

-- `visitors` NULL: anything in the bucket may have changed. Else nobody but these visitors, and to its row of `rollup_site`
-- for robots or for people come so many page views, custom events, events and events of persistent visitors.
ALTER TABLE rollup_dirty
    ADD COLUMN visitors bigint[],
    ADD COLUMN is_bot boolean,
    ADD COLUMN pageviews bigint,
    ADD COLUMN custom_events bigint,
    ADD COLUMN events bigint,
    ADD COLUMN persistent_events bigint,
    ADD CHECK (num_nulls(visitors, is_bot, pageviews, custom_events, events, persistent_events) IN (0, 6)),
    -- Hashes do not compress.
    ALTER COLUMN visitors SET STORAGE EXTERNAL;

-- What visitors did on a day. The hash is of the website too, which need not be in these indexes.
CREATE INDEX events_visitor_time ON events (visitor_hash, "timestamp");
DROP INDEX events_visitor;
CREATE INDEX rollup_sessions_visitor_bucket ON rollup_sessions (visitor_hash, bucket);
DO $$
BEGIN
    -- The index of a continuous aggregate lies where its rows are.
    EXECUTE format('DROP INDEX %s', (
        SELECT i.indexrelid::regclass
        FROM pg_index i
        JOIN pg_class c ON c.oid = i.indexrelid
        WHERE i.indrelid = rows_of('rollup_sessions')::regclass AND c.relname = 'rollup_sessions_visitor'
    ));
END
$$;

-- The buckets of [since, until) that are marked. No plain SQL, as what it is used in would be planned with it, several times
-- over, where nothing is marked. `is_unknown`: a mark says no more. `is_whole`: sessions are read from
-- all its events. Where so many visitors are named, all of a bucket of 300 000 events is rolled up as fast.
CREATE FUNCTION dirty_buckets(since timestamptz, until timestamptz) RETURNS TABLE (
    website_id text, bucket timestamptz, is_unknown boolean, is_whole boolean
) LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 10 AS $$
BEGIN
    RETURN QUERY
    SELECT
        m.website_id,
        m.bucket,
        bool_or(m.visitors IS NULL),
        bool_or(m.visitors IS NULL) OR sum(cardinality(m.visitors)) > 100000
    FROM rollup_dirty m
    WHERE m.bucket >= since AND m.bucket < until
    GROUP BY m.website_id, m.bucket;
END
$$;

-- The visitors that the marks of the other buckets name, each once.
CREATE FUNCTION dirty_visitors(since timestamptz, until timestamptz) RETURNS TABLE (
    website_id text, bucket timestamptz, visitor_hash bigint
) LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN QUERY
    SELECT DISTINCT m.website_id, m.bucket, v.visitor_hash
    FROM rollup_dirty m
    CROSS JOIN LATERAL unnest(m.visitors) AS v (visitor_hash)
    WHERE m.bucket >= since
        AND m.bucket < until
        AND (m.website_id, m.bucket) NOT IN (
            SELECT d.website_id, d.bucket FROM dirty_buckets(since, until) d WHERE d.is_whole
        );
END
$$;

-- Visitors in buckets by the UTC day, [since, until), in which those are.
CREATE FUNCTION named_by_day(of_websites text[], of_buckets timestamptz[], of_visitors bigint[]) RETURNS TABLE (
    since timestamptz, until timestamptz, websites text[], buckets timestamptz[], visitors bigint[]
) LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT
        day,
        day + INTERVAL '24 hours',
        array_agg(website_id),
        array_agg(bucket),
        array_agg(visitor_hash)
    FROM (
        SELECT date_bin('1 day', bucket, '2000-01-01 00:00:00+00') AS day, website_id, bucket, visitor_hash
        FROM unnest(of_websites, of_buckets, of_visitors) AS named (website_id, bucket, visitor_hash)
    ) named
    GROUP BY day
$$;

-- As `sessions_of_bucket`, of visitors in buckets: the triples are distinct. A day at a time, with all of it as constants, so
-- that whatever the planner makes of them is one way through the events: it takes the last minutes, which it has not seen
-- yet, for empty, and went through all of a bucket for each of thousands of visitors.
CREATE FUNCTION sessions_of_visitors(websites text[], buckets timestamptz[], visitors bigint[]) RETURNS SETOF rollup_sessions
-- To start parallel workers takes longer than they save.
LANGUAGE plpgsql STABLE PARALLEL SAFE SET max_parallel_workers_per_gather = 0 AS $$
DECLARE
    part record;
BEGIN
    FOR part IN SELECT * FROM named_by_day(websites, buckets, visitors) LOOP
        RETURN QUERY EXECUTE $statement$
            SELECT
                website_id,
                bucket,
                (visitor_hash & 63)::smallint AS lane,
                session_hash,
                visitor_hash,
                is_bot,
                any_value(session_started_at) AS session_started_at,
                (count(*) FILTER (WHERE event_type = 'pageview'))::integer AS pageviews,
                (count(*) FILTER (WHERE event_type NOT IN ('pageview', 'engagement', 'performance', 'identify')))::integer AS custom_events,
                (count(*) FILTER (WHERE interactive AND event_type NOT IN ('pageview', 'engagement', 'performance', 'identify')))::integer
                    AS interactive_events,
                coalesce(sum(engaged_ms), 0)::bigint AS engaged_ms,
                min("timestamp") FILTER (WHERE event_type NOT IN ('performance', 'identify')) AS first_timestamp,
                max("timestamp") FILTER (WHERE event_type NOT IN ('performance', 'identify')) AS last_timestamp,
                (array_agg(page ORDER BY "timestamp", arrival) FILTER (WHERE event_type = 'pageview'))[1] AS entry_page,
                min("timestamp") FILTER (WHERE event_type = 'pageview') AS entry_at,
                (array_agg(page ORDER BY "timestamp", arrival) FILTER (WHERE event_type = 'pageview'))
                    [count(*) FILTER (WHERE event_type = 'pageview')] AS exit_page,
                max("timestamp") FILTER (WHERE event_type = 'pageview') AS exit_at,
                any_value(hostname) AS hostname,
                any_value(referrer) AS referrer,
                any_value(source) AS source,
                any_value(channel) AS channel,
                any_value(utm_source) AS utm_source,
                any_value(utm_medium) AS utm_medium,
                any_value(utm_campaign) AS utm_campaign,
                any_value(utm_term) AS utm_term,
                any_value(utm_content) AS utm_content,
                any_value(country) AS country,
                any_value(region) AS region,
                any_value(city) AS city,
                any_value(city_geoname_id) AS city_geoname_id,
                any_value(continent) AS continent,
                any_value(browser) AS browser,
                any_value(browser_version) AS browser_version,
                any_value(os) AS os,
                any_value(os_version) AS os_version,
                any_value(device) AS device,
                any_value(screen) AS screen,
                any_value(language) AS language
            FROM (
                SELECT *, date_bin('15 minutes', "timestamp", '2000-01-01 00:00:00+00') AS bucket
                FROM events
                WHERE visitor_hash = ANY ($3) AND "timestamp" >= $4 AND "timestamp" < $5
            ) happened
            -- A hash, whatever the planner expects: a join by some of the columns compared each with each.
            WHERE ((website_id, bucket, visitor_hash) IN (SELECT * FROM unnest($1, $2, $3))) IS TRUE
            -- Numbers first: they sort in half the time.
            GROUP BY visitor_hash, session_hash, is_bot, bucket, website_id
        $statement$ USING part.websites, part.buckets, part.visitors, part.since, part.until;
    END LOOP;
END
$$;

-- What the visitors whom the marks name have, from the events: of the website that the transaction is about, where it is
-- about one.
CREATE FUNCTION named_sessions_between(since timestamptz, until timestamptz) RETURNS SETOF rollup_sessions
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1000 AS $$
DECLARE
    websites text[];
    buckets timestamptz[];
    visitors bigint[];
BEGIN
    SELECT array_agg(v.website_id), array_agg(v.bucket), array_agg(v.visitor_hash)
    INTO websites, buckets, visitors
    FROM dirty_visitors(since, until) v
    WHERE v.website_id = coalesce(nullif(current_setting('app.website_id', true), ''), v.website_id);
    RETURN QUERY SELECT * FROM sessions_of_visitors(websites, buckets, visitors);
END
$$;

-- As before, and of a bucket whose visitors are named, theirs alone are read from the events. Most rows are of buckets that
-- nothing marks, and looked up once.
CREATE OR REPLACE FUNCTION session_facts_between(since timestamptz, until timestamptz) RETURNS TABLE (
    website_id text, bucket timestamptz, lane smallint, session_hash bigint, visitor_hash bigint, is_bot boolean, session_started_at timestamptz,
    pageviews integer, custom_events integer, interactive_events integer, engaged_ms bigint,
    first_timestamp timestamptz, last_timestamp timestamptz, entry_page text, entry_at timestamptz,
    exit_page text, exit_at timestamptz, hostname text, referrer text, source text, channel text,
    utm_source text, utm_medium text, utm_campaign text, utm_term text, utm_content text, country text,
    region text, city text, city_geoname_id integer, continent text, browser text, browser_version text,
    os text, os_version text, device text, screen text, language text
) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT
        r.website_id, r.bucket, r.lane, r.session_hash, r.visitor_hash, r.is_bot, r.session_started_at, r.pageviews,
        r.custom_events, r.interactive_events, r.engaged_ms, r.first_timestamp, r.last_timestamp, r.entry_page,
        r.entry_at, r.exit_page, r.exit_at, r.hostname, r.referrer, r.source, r.channel, r.utm_source, r.utm_medium,
        r.utm_campaign, r.utm_term, r.utm_content, r.country, r.region, r.city, r.city_geoname_id, r.continent,
        r.browser, r.browser_version, r.os, r.os_version, r.device, r.screen, r.language
    FROM rollup_sessions r
    WHERE r.bucket >= since
        AND r.bucket < until
        AND (
            (r.website_id, r.bucket) NOT IN (SELECT d.website_id, d.bucket FROM dirty_buckets(since, until) d)
            OR (
                (r.website_id, r.bucket) NOT IN (
                    SELECT d.website_id, d.bucket FROM dirty_buckets(since, until) d WHERE d.is_whole
                )
                AND (r.website_id, r.bucket, r.visitor_hash) NOT IN (
                    SELECT d.website_id, d.bucket, d.visitor_hash FROM dirty_visitors(since, until) d
                )
            )
        )
    UNION ALL
    SELECT
        d.website_id, d.bucket,
        s.lane, s.session_hash, s.visitor_hash, s.is_bot, s.session_started_at, s.pageviews, s.custom_events,
        s.interactive_events, s.engaged_ms, s.first_timestamp, s.last_timestamp, s.entry_page, s.entry_at,
        s.exit_page, s.exit_at, s.hostname, s.referrer, s.source, s.channel, s.utm_source, s.utm_medium,
        s.utm_campaign, s.utm_term, s.utm_content, s.country, s.region, s.city, s.city_geoname_id, s.continent,
        s.browser, s.browser_version, s.os, s.os_version, s.device, s.screen, s.language
    FROM dirty_buckets(since, until) d
    CROSS JOIN LATERAL sessions_of_bucket(d.website_id, d.bucket, since, until) s
    WHERE d.is_whole
    UNION ALL
    SELECT * FROM named_sessions_between(since, until)
$$;

-- As before, and what the marks add: as many rows of a bucket as there are marks.
CREATE OR REPLACE FUNCTION site_facts_between(since timestamptz, until timestamptz) RETURNS TABLE (
    website_id text, bucket timestamptz, is_bot boolean, pageviews bigint, custom_events bigint, events bigint,
    persistent_events bigint
) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT r.website_id, r.bucket, r.is_bot, r.pageviews, r.custom_events, r.events, r.persistent_events
    FROM rollup_site r
    WHERE r.bucket >= since
        AND r.bucket < until
        AND (r.website_id, r.bucket) NOT IN (
            SELECT d.website_id, d.bucket FROM dirty_buckets(since, until) d WHERE d.is_unknown
        )
    UNION ALL
    SELECT m.website_id, m.bucket, m.is_bot, m.pageviews, m.custom_events, m.events, m.persistent_events
    FROM rollup_dirty m
    WHERE m.bucket >= since
        AND m.bucket < until
        AND m.events > 0
        AND (m.website_id, m.bucket) NOT IN (
            SELECT d.website_id, d.bucket FROM dirty_buckets(since, until) d WHERE d.is_unknown
        )
    UNION ALL
    SELECT d.website_id, d.bucket, s.is_bot, s.pageviews, s.custom_events, s.events, s.persistent_events
    FROM dirty_buckets(since, until) d
    CROSS JOIN LATERAL site_of_bucket(d.website_id, d.bucket, since, until) s
    WHERE d.is_unknown
$$;

-- As before, and the website is named where there is no wall, too.
CREATE OR REPLACE FUNCTION pin_website(of_website text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('app.website_id', of_website, true);
    IF to_regnamespace('pinned') IS NULL THEN
        RETURN false;
    END IF;
    PERFORM set_config('search_path', 'pinned, ' || quote_ident(current_schema), true);
    -- TimescaleDB 2.29 fails on a DISTINCT whose website is told twice: "unsupported subplan type for SkipScan".
    -- PostgreSQL alone takes the setting for one of somebody else.
    PERFORM set_config('timescaledb.enable_skipscan', 'off', true);
    PERFORM set_config('role', 'analytics_read', true);
    RETURN true;
END
$$;
