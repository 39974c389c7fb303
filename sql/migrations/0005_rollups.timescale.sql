-- The rollups as continuous aggregates: the same rows as sessions_of_bucket and site_of_bucket, which a
-- continuous aggregate cannot call. No refresh policies: rollup_refresh knows exactly what changed.
CREATE MATERIALIZED VIEW rollup_sessions WITH (
    timescaledb.continuous,
    timescaledb.materialized_only = true,
    timescaledb.create_group_indexes = false,
    timescaledb.chunk_interval = '7 days'
) AS
SELECT
    website_id,
    time_bucket(INTERVAL '15 minutes', "timestamp") AS bucket,
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
GROUP BY 1, 2, 3, 4, 5, 6
WITH NO DATA;
CREATE INDEX rollup_sessions_bucket ON rollup_sessions (website_id, bucket);
CREATE INDEX rollup_sessions_lane ON rollup_sessions (website_id, lane, bucket)
    INCLUDE (visitor_hash, session_hash, pageviews);
ALTER MATERIALIZED VIEW rollup_sessions SET (
    timescaledb.enable_columnstore = true,
    timescaledb.segmentby = 'website_id',
    timescaledb.orderby = 'lane, bucket'
);
CALL add_columnstore_policy('rollup_sessions', after => INTERVAL '8 days');

CREATE MATERIALIZED VIEW rollup_site WITH (
    timescaledb.continuous,
    timescaledb.materialized_only = true,
    timescaledb.create_group_indexes = false,
    timescaledb.chunk_interval = '30 days'
) AS
SELECT
    website_id,
    time_bucket(INTERVAL '15 minutes', "timestamp") AS bucket,
    is_bot,
    count(*) FILTER (WHERE event_type = 'pageview') AS pageviews,
    count(*) FILTER (WHERE event_type NOT IN ('pageview', 'engagement', 'performance', 'identify')) AS custom_events,
    count(*) AS events,
    count(*) FILTER (WHERE is_persistent) AS persistent_events
FROM events
GROUP BY 1, 2, 3
WITH NO DATA;
CREATE INDEX rollup_site_bucket ON rollup_site (website_id, bucket);

-- Recompute the buckets, as ranges without a gap, for all websites at once: the aggregate keeps no
-- account by website. Forced, because a refresh that died after it took its invalidations has lost them.
-- Commits as it goes; the dirty rows stay with the caller.
CREATE PROCEDURE rollup_recompute(websites text[], buckets timestamptz[]) LANGUAGE plpgsql AS $$
DECLARE
    sinces timestamptz[];
    untils timestamptz[];
BEGIN
    SELECT array_agg(since), array_agg(until) INTO sinces, untils
    FROM (
        SELECT min(bucket) AS since, max(bucket) + INTERVAL '15 minutes' AS until
        FROM (
            SELECT bucket, bucket - INTERVAL '15 minutes' * row_number() OVER (ORDER BY bucket) AS island
            FROM (SELECT DISTINCT bucket FROM unnest(buckets) bucket) distinct_buckets
        ) numbered
        GROUP BY island
    ) ranges;
    FOR i IN 1 .. cardinality(sinces) LOOP
        CALL refresh_continuous_aggregate('rollup_sessions', sinces[i], untils[i], force => true);
        CALL refresh_continuous_aggregate('rollup_site', sinces[i], untils[i], force => true);
    END LOOP;
END
$$;
