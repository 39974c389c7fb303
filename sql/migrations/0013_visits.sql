-- Sessions counted where they start, each measured whole (SPEC R20): the second level of the rollups, made of the
-- first and the same in both flavours.

CREATE INDEX rollup_sessions_start ON rollup_sessions (website_id, session_started_at);

-- By the bucket of 15 minutes in which the sessions started. A session with rows of both kinds is another one when
-- bots count, so there is a row for each: `has_bots` says that bots are in it.
CREATE TABLE rollup_visits (
    website_id text NOT NULL,
    bucket timestamptz NOT NULL,
    has_bots boolean NOT NULL,
    sessions bigint NOT NULL,
    bounces bigint NOT NULL,
    duration interval NOT NULL,
    engaged_ms bigint NOT NULL,
    engaged bigint NOT NULL,
    PRIMARY KEY (website_id, bucket, has_bots)
);

-- The rows that `rollup_visits` should have for sessions that started in these buckets, whatever is dirty. A session
-- lasts 24 hours (SPEC R16), and one bucket more for the one it ends in. The dirty ones of the buckets that those
-- sessions may reach are read from their events, once each.
CREATE FUNCTION visits_of_buckets(of_website text, of_buckets timestamptz[]) RETURNS TABLE (
    bucket timestamptz, has_bots boolean, sessions bigint, bounces bigint, duration interval, engaged_ms bigint,
    engaged bigint
) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    WITH starts AS (
        SELECT DISTINCT start FROM unnest(of_buckets) start
    ), dirty AS MATERIALIZED (
        SELECT DISTINCT m.bucket
        FROM rollup_dirty m
        WHERE m.website_id = of_website
            AND m.bucket >= (SELECT min(start) FROM starts)
            AND m.bucket < (SELECT max(start) FROM starts) + INTERVAL '24 hours 15 minutes'
    ), rows AS (
        SELECT r.session_started_at, r.session_hash, r.is_bot, r.pageviews, r.custom_events, r.interactive_events,
            r.engaged_ms, r.last_timestamp
        FROM starts
        CROSS JOIN LATERAL (
            SELECT s.session_started_at, s.session_hash, s.is_bot, s.pageviews, s.custom_events,
                s.interactive_events, s.engaged_ms, s.last_timestamp
            FROM rollup_sessions s
            WHERE s.website_id = of_website
                AND s.session_started_at >= start
                AND s.session_started_at < start + INTERVAL '15 minutes'
                AND s.bucket >= start
                AND s.bucket < start + INTERVAL '24 hours 15 minutes'
                AND s.bucket NOT IN (SELECT dirty.bucket FROM dirty)
            OFFSET 0
        ) r
        UNION ALL
        SELECT s.session_started_at, s.session_hash, s.is_bot, s.pageviews, s.custom_events, s.interactive_events,
            s.engaged_ms, s.last_timestamp
        FROM dirty
        CROSS JOIN LATERAL sessions_of_bucket(of_website, dirty.bucket) s
        WHERE date_bin('15 minutes', s.session_started_at, '2000-01-01 00:00:00+00') IN (SELECT start FROM starts)
    )
    SELECT
        date_bin('15 minutes', started_at, '2000-01-01 00:00:00+00'),
        visits.has_bots,
        count(*),
        count(*) FILTER (WHERE views < 2 AND interactions = 0),
        sum(lasted),
        sum(spent_ms)::bigint,
        count(*) FILTER (WHERE views >= 2 OR interactions > 0 OR spent_ms >= 10000)
    FROM (
        SELECT
            kind.has_bots,
            min(rows.session_started_at) AS started_at,
            sum(rows.pageviews) AS views,
            sum(rows.interactive_events) AS interactions,
            sum(rows.engaged_ms::double precision) AS spent_ms,
            max(rows.last_timestamp) - min(rows.session_started_at) AS lasted
        FROM rows
        CROSS JOIN (VALUES (false), (true)) AS kind (has_bots)
        WHERE kind.has_bots OR NOT rows.is_bot
        GROUP BY kind.has_bots, rows.session_hash
        HAVING sum(rows.pageviews + rows.custom_events) > 0
    ) visits
    GROUP BY 1, 2
$$;

-- Of a website's buckets in [since, until) those whose row in `rollup_visits` may be out of date: sessions that a
-- dirty bucket has, or had, started there.
CREATE FUNCTION stale_visits(of_website text, since timestamptz, until timestamptz) RETURNS SETOF timestamptz
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT DISTINCT found.start
    FROM (
        SELECT DISTINCT m.bucket
        FROM rollup_dirty m
        WHERE m.website_id = of_website AND m.bucket >= since AND m.bucket < until + INTERVAL '24 hours 15 minutes'
    ) dirty
    CROSS JOIN LATERAL (
        SELECT dirty.bucket AS start
        UNION ALL
        SELECT date_bin('15 minutes', e.session_started_at, '2000-01-01 00:00:00+00')
        FROM events e
        WHERE e.website_id = of_website
            AND e."timestamp" >= dirty.bucket
            AND e."timestamp" < dirty.bucket + INTERVAL '15 minutes'
            AND e."timestamp" >= since
            AND e."timestamp" < until + INTERVAL '24 hours 15 minutes'
    ) found
    WHERE found.start >= since AND found.start < until
$$;

-- What readers see of a website's sessions that started in [since, until), both whole quarters of an hour; exact at
-- every commit, as `session_facts_between` is.
CREATE FUNCTION visit_facts_between(of_website text, since timestamptz, until timestamptz) RETURNS TABLE (
    bucket timestamptz, has_bots boolean, sessions bigint, bounces bigint, duration interval, engaged_ms bigint,
    engaged bigint
) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    WITH stale AS MATERIALIZED (
        SELECT start FROM stale_visits(of_website, since, until) start
    )
    SELECT r.bucket, r.has_bots, r.sessions, r.bounces, r.duration, r.engaged_ms, r.engaged
    FROM rollup_visits r
    WHERE r.website_id = of_website
        AND r.bucket >= since
        AND r.bucket < until
        AND r.bucket NOT IN (SELECT stale.start FROM stale)
    UNION ALL
    SELECT v.bucket, v.has_bots, v.sessions, v.bounces, v.duration, v.engaged_ms, v.engaged
    FROM (SELECT array_agg(stale.start) AS buckets FROM stale) all_stale
    CROSS JOIN LATERAL visits_of_buckets(of_website, all_stale.buckets) v
$$;

-- Make the rows of `rollup_visits` anew for sessions that started in these buckets.
CREATE PROCEDURE visits_recompute(websites text[], buckets timestamptz[]) LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM rollup_visits r
    USING unnest(websites, buckets) AS d (website_id, bucket)
    WHERE r.website_id = d.website_id AND r.bucket = d.bucket;
    INSERT INTO rollup_visits (website_id, bucket, has_bots, sessions, bounces, duration, engaged_ms, engaged)
    SELECT d.website_id, v.bucket, v.has_bots, v.sessions, v.bounces, v.duration, v.engaged_ms, v.engaged
    FROM (
        SELECT website_id, array_agg(bucket) AS buckets
        FROM unnest(websites, buckets) AS pair (website_id, bucket)
        GROUP BY website_id
    ) d
    CROSS JOIN LATERAL visits_of_buckets(d.website_id, d.buckets) v;
END
$$;

-- Take a visitor out of what is left of days whose events are gone, on both levels; how many rows of the first went.
-- `forget_visitor` and `is_lost` come with a later migration, before anything is asked to forget.
CREATE FUNCTION forget_rolled_up_visitor(of_website text, of_visitor bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    starts timestamptz[];
    forgotten bigint;
BEGIN
    SELECT array_agg(DISTINCT date_bin('15 minutes', session_started_at, '2000-01-01 00:00:00+00'))
    INTO starts
    FROM rollup_sessions
    WHERE website_id = of_website
        AND lane = (of_visitor & 63)::smallint
        AND visitor_hash = of_visitor
        AND is_lost(website_id, bucket);
    forgotten := forget_visitor(of_website, of_visitor);
    IF starts IS NOT NULL THEN
        CALL visits_recompute(array_fill(of_website, ARRAY[cardinality(starts)]), starts);
    END IF;
    RETURN forgotten;
END
$$;

-- As before, and the second level made of the first for every start that the buckets touch. It is made before
-- their dirty rows go, and in the transaction in which they go.
CREATE OR REPLACE PROCEDURE rollup_refresh() LANGUAGE plpgsql AS $$
DECLARE
    newest bigint;
    taken bigint[];
    websites text[];
    buckets timestamptz[];
    start_websites text[];
    starts timestamptz[];
BEGIN
    -- The recomputation must see at least what the dirty rows it took stand for: a later snapshot.
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'rollup_refresh: must run in read committed' USING ERRCODE = 'invalid_transaction_state';
    END IF;
    IF NOT pg_try_advisory_lock(7270003) THEN
        RETURN;
    END IF;
    newest := (SELECT max(seq) FROM rollup_dirty);
    LOOP
        WITH slice AS (
            SELECT website_id, bucket, array_agg(seq) AS seqs
            FROM rollup_dirty
            WHERE seq <= newest
            GROUP BY website_id, bucket
            ORDER BY bucket, website_id
            -- Bounds one transaction after a large import.
            LIMIT 500
        )
        SELECT
            array_agg(website_id ORDER BY bucket, website_id),
            array_agg(bucket ORDER BY bucket, website_id),
            (SELECT array_agg(seq) FROM slice CROSS JOIN LATERAL unnest(seqs) seq)
        INTO websites, buckets, taken
        FROM slice;
        EXIT WHEN websites IS NULL;
        CALL rollup_recompute(websites, buckets);
        SELECT array_agg(touched.website_id), array_agg(touched.start)
        INTO start_websites, starts
        FROM (
            SELECT website_id, bucket AS start
            FROM unnest(websites, buckets) AS pair (website_id, bucket)
            UNION
            SELECT d.website_id, r.start
            FROM unnest(websites, buckets) AS d (website_id, bucket)
            CROSS JOIN LATERAL (
                SELECT date_bin('15 minutes', s.session_started_at, '2000-01-01 00:00:00+00') AS start
                FROM rollup_sessions s
                WHERE s.website_id = d.website_id AND s.bucket = d.bucket
                OFFSET 0
            ) r
        ) touched;
        -- The very rows that were taken, never `seq <= newest`: a lower seq may have committed since. Taken away
        -- first: what they stood for is in the first level now, from which the second is made.
        DELETE FROM rollup_dirty WHERE seq = ANY (taken);
        CALL visits_recompute(start_websites, starts);
        COMMIT;
    END LOOP;
    PERFORM pg_advisory_unlock(7270003);
END
$$;

-- Sessions that were rolled up before this table was. What is dirty now is made anew with its buckets.
INSERT INTO rollup_visits (website_id, bucket, has_bots, sessions, bounces, duration, engaged_ms, engaged)
SELECT
    website_id,
    date_bin('15 minutes', started_at, '2000-01-01 00:00:00+00'),
    has_bots,
    count(*),
    count(*) FILTER (WHERE views < 2 AND interactions = 0),
    sum(lasted),
    sum(spent_ms)::bigint,
    count(*) FILTER (WHERE views >= 2 OR interactions > 0 OR spent_ms >= 10000)
FROM (
    SELECT
        r.website_id,
        kind.has_bots,
        min(r.session_started_at) AS started_at,
        sum(r.pageviews) AS views,
        sum(r.interactive_events) AS interactions,
        sum(r.engaged_ms::double precision) AS spent_ms,
        max(r.last_timestamp) - min(r.session_started_at) AS lasted
    FROM rollup_sessions r
    CROSS JOIN (VALUES (false), (true)) AS kind (has_bots)
    WHERE kind.has_bots OR NOT r.is_bot
    GROUP BY r.website_id, kind.has_bots, r.session_hash
    HAVING sum(r.pageviews + r.custom_events) > 0
) visits
GROUP BY 1, 2, 3;
