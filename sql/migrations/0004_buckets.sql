-- What a bucket of 15 minutes holds, computed from its events. Every IANA zone's offset is a multiple of
-- 15 minutes, so days and hours of any zone are made of whole buckets. The rollups hold these rows.

-- The sessions of one bucket, bots kept apart: what happened inside the bucket, and the attributes of
-- the whole session, which all its events repeat. Equal timestamps are told apart by arrival (SPEC R75).
-- `lane` is one of 64 slices of the visitors, for sampled reads. First and last timestamps are of
-- activity (SPEC R17), NULL where there was none; a row counts as a visit when it has page views or
-- custom events (SPEC R3). Written to be inlined: a plain SELECT, and arguments that the index knows. The
-- bucket is one of [since, until): as constants these say which days of events can matter at all.
CREATE FUNCTION sessions_of_bucket(
    of_website text, of_bucket timestamptz,
    since timestamptz DEFAULT '-infinity', until timestamptz DEFAULT 'infinity'
) RETURNS TABLE (
    lane smallint, session_hash bigint, visitor_hash bigint, is_bot boolean, session_started_at timestamptz,
    pageviews integer, custom_events integer, interactive_events integer, engaged_ms bigint,
    first_timestamp timestamptz, last_timestamp timestamptz, entry_page text, entry_at timestamptz,
    exit_page text, exit_at timestamptz, hostname text, referrer text, source text, channel text,
    utm_source text, utm_medium text, utm_campaign text, utm_term text, utm_content text, country text,
    region text, city text, city_geoname_id integer, continent text, browser text, browser_version text,
    os text, os_version text, device text, screen text, language text
) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT
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
    FROM events
    WHERE events.website_id = of_website
        AND events."timestamp" >= of_bucket
        AND events."timestamp" < of_bucket + INTERVAL '15 minutes'
        AND events."timestamp" >= since
        AND events."timestamp" < until
    GROUP BY (visitor_hash & 63)::smallint, session_hash, visitor_hash, is_bot
$$;

-- The additive counts of one bucket, bots kept apart.
CREATE FUNCTION site_of_bucket(
    of_website text, of_bucket timestamptz,
    since timestamptz DEFAULT '-infinity', until timestamptz DEFAULT 'infinity'
) RETURNS TABLE (
    is_bot boolean, pageviews bigint, custom_events bigint, events bigint, persistent_events bigint
) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT
        is_bot,
        count(*) FILTER (WHERE event_type = 'pageview') AS pageviews,
        count(*) FILTER (WHERE event_type NOT IN ('pageview', 'engagement', 'performance', 'identify')) AS custom_events,
        count(*) AS events,
        count(*) FILTER (WHERE is_persistent) AS persistent_events
    FROM events
    WHERE events.website_id = of_website
        AND events."timestamp" >= of_bucket
        AND events."timestamp" < of_bucket + INTERVAL '15 minutes'
        AND events."timestamp" >= since
        AND events."timestamp" < until
    GROUP BY is_bot
$$;

CREATE INDEX rollup_dirty_site_bucket ON rollup_dirty (website_id, bucket);

-- Nothing may change in a day whose events were dropped: rolling it up again would erase its history.
-- keep_house locks `events` and `rollup_dirty` while it drops, so no writer can slip through. The error
-- is of the class that a missing partition raises, so both flavours refuse such an event alike.
CREATE FUNCTION refuse_dropped_days() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    refused date;
BEGIN
    SELECT day INTO refused
    FROM dropped_days
    WHERE day IN (SELECT (bucket AT TIME ZONE 'UTC')::date FROM marked)
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'events of %: the day was dropped by retention', refused USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER rollup_dirty_refuse_dropped_days
AFTER INSERT ON rollup_dirty REFERENCING NEW TABLE AS marked
FOR EACH STATEMENT EXECUTE FUNCTION refuse_dropped_days();
