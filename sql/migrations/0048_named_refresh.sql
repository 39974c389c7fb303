-- Rolling up what marks name, and no more: what `rollup_visits` and the lists tell changes by the rows of `rollup_sessions`
-- that change.

-- Views that this changes stand on what `pinned` shows of them.
DROP SCHEMA IF EXISTS pinned CASCADE;

-- What `rollup_visits` and the lists need of a row of `rollup_sessions`; robots are in the former.
DROP VIEW listed_sessions;
ALTER TYPE session_row ADD ATTRIBUTE is_bot boolean;
CREATE VIEW session_rows AS
SELECT
    website_id, bucket, session_hash, visitor_hash, session_started_at, lane, is_bot, pageviews + custom_events AS hits,
    ROW(
        website_id, bucket, session_hash, visitor_hash, session_started_at, pageviews, custom_events,
        interactive_events, engaged_ms, last_timestamp,
        ROW(
            referrer, source, channel, utm_source, utm_medium, utm_campaign, utm_term, utm_content, country, region,
            city, city_geoname_id, continent, browser, os, device, screen
        )::session_attributes,
        is_bot
    )::session_row AS row
FROM rollup_sessions;
CREATE VIEW listed_sessions AS
SELECT website_id, bucket, session_hash, visitor_hash, session_started_at, lane, hits, row
FROM session_rows
WHERE NOT is_bot;

CREATE FUNCTION people_of(rows session_row[]) RETURNS session_row[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT array_agg(u) FROM unnest(rows) u WHERE NOT u.is_bot
$$;

-- The rows that buckets, and visitors in buckets, have in `rollup_sessions`, whatever is dirty. All pairs, and all triples,
-- are distinct, and no triple is of a pair.
CREATE FUNCTION stored_rows(
    websites text[], buckets timestamptz[],
    visitor_websites text[], visitor_buckets timestamptz[], visitors bigint[]
) RETURNS session_row[] LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    found session_row[] := (
        SELECT array_agg(r.row)
        FROM unnest(websites, buckets) AS d (website_id, bucket)
        CROSS JOIN LATERAL (
            SELECT s.row FROM session_rows s WHERE s.website_id = d.website_id AND s.bucket = d.bucket OFFSET 0
        ) r
    );
    part record;
    more session_row[];
BEGIN
    FOR part IN SELECT * FROM named_by_day(visitor_websites, visitor_buckets, visitors) LOOP
        EXECUTE
            'SELECT array_agg(row) FROM session_rows WHERE visitor_hash = ANY ($3) AND bucket >= $4 AND bucket < $5'
            ' AND ((website_id, bucket, visitor_hash) IN (SELECT * FROM unnest($1, $2, $3))) IS TRUE'
        INTO more USING part.websites, part.buckets, part.visitors, part.since, part.until;
        found := found || more;
    END LOOP;
    RETURN found;
END
$$;

-- Rows of `rollup_sessions` that readers of a website's sessions of [since, until) do not believe, and what they believe in
-- their place. `is_dirty`: there is anything to look at.
CREATE FUNCTION believed_rows(
    of_website text, since timestamptz, until timestamptz,
    OUT is_dirty boolean, OUT was session_row[], OUT becomes session_row[]
) LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    -- A session lasts 24 hours, and counts where it started.
    reach timestamptz := until + INTERVAL '24 hours 15 minutes';
    websites text[];
    buckets timestamptz[];
    visitor_websites text[];
    visitor_buckets timestamptz[];
    visitors bigint[];
BEGIN
    is_dirty := EXISTS (
        SELECT FROM rollup_dirty m WHERE m.website_id = of_website AND m.bucket >= since AND m.bucket < reach
    );
    IF NOT is_dirty THEN
        RETURN;
    END IF;
    SELECT array_agg(d.website_id), array_agg(d.bucket)
    INTO websites, buckets
    FROM dirty_buckets(since, reach) d
    WHERE d.website_id = of_website AND d.is_whole;
    SELECT array_agg(v.website_id), array_agg(v.bucket), array_agg(v.visitor_hash)
    INTO visitor_websites, visitor_buckets, visitors
    FROM dirty_visitors(since, reach) v
    WHERE v.website_id = of_website;
    was := stored_rows(websites, buckets, visitor_websites, visitor_buckets, visitors);
    becomes := (
        SELECT array_agg(ROW(
            s.website_id, s.bucket, s.session_hash, s.visitor_hash, s.session_started_at, s.pageviews,
            s.custom_events, s.interactive_events, s.engaged_ms, s.last_timestamp,
            ROW(
                s.referrer, s.source, s.channel, s.utm_source, s.utm_medium, s.utm_campaign, s.utm_term,
                s.utm_content, s.country, s.region, s.city, s.city_geoname_id, s.continent, s.browser, s.os,
                s.device, s.screen
            )::session_attributes,
            s.is_bot
        )::session_row)
        FROM (
            SELECT d.website_id, d.bucket, s.*
            FROM unnest(websites, buckets) AS d (website_id, bucket)
            CROSS JOIN LATERAL sessions_of_bucket(d.website_id, d.bucket) s
            UNION ALL
            SELECT * FROM sessions_of_visitors(visitor_websites, visitor_buckets, visitors)
        ) s
    );
END
$$;
DROP FUNCTION true_rows(text, timestamptz[]);

-- Of people, what may count under a dimension. Few come by a campaign, and who does not is listed under none.
CREATE FUNCTION listed_under(of_dimension text, rows session_row[]) RETURNS session_row[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT array_agg(u)
    FROM unnest(people_of(rows)) u
    WHERE of_dimension <> 'campaign'
        OR EXISTS (SELECT FROM values_of(u.attributes) v WHERE v.dimension = of_dimension)
$$;

-- As before; of a visitor that is named, the rows it has.
CREATE OR REPLACE FUNCTION unrolled_value_changes(of_website text, of_dimension text, first_day date, last_day date)
RETURNS TABLE (
    website_id text, dimension text, day date, names text[], days_ago integer, pageviews bigint,
    custom_events bigint, visitors bigint, sessions bigint, bounces bigint, duration interval, engaged_ms bigint,
    engaged bigint
) LANGUAGE plpgsql STABLE ROWS 10 AS $$
DECLARE
    of_zone text := (SELECT z.zone FROM rollup_zones z WHERE z.website_id = of_website);
    since timestamptz := first_day::timestamp AT TIME ZONE of_zone;
    until timestamptz := (last_day + 1)::timestamp AT TIME ZONE of_zone;
    believed record := believed_rows(of_website, since, until);
BEGIN
    IF believed.is_dirty THEN
        RETURN QUERY
        SELECT c.*
        FROM value_changes(
            listed_under(of_dimension, believed.was), listed_under(of_dimension, believed.becomes),
            ARRAY[of_dimension], since, until
        ) c
        WHERE c.day >= first_day AND c.day <= last_day;
    END IF;
END
$$;

-- How `rollup_visits` changes when these rows of `rollup_sessions` become those. It does not matter which of them
-- `rollup_sessions` has.
CREATE FUNCTION visit_changes(was session_row[], becomes session_row[]) RETURNS TABLE (
    website_id text, bucket timestamptz, has_bots boolean, sessions bigint, bounces bigint, duration interval,
    engaged_ms bigint, engaged bigint
) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    WITH changed AS MATERIALIZED (
        SELECT
            c.sign, (c.row).website_id, (c.row).bucket, (c.row).session_hash, (c.row).visitor_hash, (c.row).is_bot,
            (c.row).session_started_at, c.row
        FROM (
            SELECT -1 AS sign, gone.row
            FROM (SELECT u AS row FROM unnest(was) u EXCEPT SELECT u FROM unnest(becomes) u) gone
            UNION ALL
            SELECT 1, came.row
            FROM (SELECT u AS row FROM unnest(becomes) u EXCEPT SELECT u FROM unnest(was) u) came
        ) c
    ),
    -- Other rows of the same sessions count before and after.
    told AS (
        SELECT c.sign, c.website_id, c.session_hash, c.session_started_at, c.row FROM changed c
        UNION ALL
        SELECT sides.sign, k.website_id, k.session_hash, k.session_started_at, other.row
        FROM (SELECT DISTINCT c.website_id, c.session_hash, c.session_started_at FROM changed c) k
        CROSS JOIN LATERAL (
            SELECT s.bucket, s.visitor_hash, s.is_bot, s.row
            FROM session_rows s
            WHERE s.website_id = k.website_id
                AND s.session_started_at = k.session_started_at
                AND s.session_hash = k.session_hash
                AND s.bucket >= k.session_started_at - INTERVAL '15 minutes'
                AND s.bucket < k.session_started_at + INTERVAL '24 hours 15 minutes'
            OFFSET 0
        ) other
        CROSS JOIN (VALUES (-1), (1)) AS sides (sign)
        WHERE (k.website_id, other.bucket, k.session_hash, other.visitor_hash, other.is_bot) NOT IN (
            SELECT c.website_id, c.bucket, c.session_hash, c.visitor_hash, c.is_bot FROM changed c
        )
    ),
    visits AS (
        SELECT
            t.sign, t.website_id, kind.has_bots, t.session_started_at, sum((t.row).pageviews) AS views,
            sum((t.row).interactive_events) AS interactions, sum((t.row).engaged_ms::double precision) AS spent_ms,
            max((t.row).last_timestamp) - t.session_started_at AS lasted
        FROM told t
        CROSS JOIN (VALUES (false), (true)) AS kind (has_bots)
        WHERE kind.has_bots OR NOT (t.row).is_bot
        GROUP BY t.sign, t.website_id, kind.has_bots, t.session_started_at, t.session_hash
        HAVING sum((t.row).pageviews + (t.row).custom_events) > 0
    ),
    sums AS (
        SELECT
            v.website_id,
            date_bin('15 minutes', v.session_started_at, '2000-01-01 00:00:00+00') AS bucket,
            v.has_bots,
            sum(v.sign) AS sessions,
            sum(v.sign * (v.views < 2 AND v.interactions = 0)::integer) AS bounces,
            sum(v.sign * v.lasted) AS duration,
            sum(v.sign * v.spent_ms)::bigint AS engaged_ms,
            sum(v.sign * (v.views >= 2 OR v.interactions > 0 OR v.spent_ms >= 10000)::integer) AS engaged
        FROM visits v
        GROUP BY 1, 2, 3
    )
    SELECT s.website_id, s.bucket, s.has_bots, s.sessions, s.bounces, s.duration, s.engaged_ms, s.engaged
    FROM sums s
    WHERE (s.sessions, s.bounces, s.duration, s.engaged_ms, s.engaged) IS DISTINCT FROM (0, 0, INTERVAL '0', 0, 0)
$$;

-- Count the change. One caller at a time: the lock 7270003 is held.
CREATE PROCEDURE visits_recount(was session_row[], becomes session_row[]) LANGUAGE plpgsql AS $$
DECLARE
    gone record;
BEGIN
    FOR gone IN
        WITH counted AS (
            INSERT INTO rollup_visits AS v (
                website_id, bucket, has_bots, sessions, bounces, duration, engaged_ms, engaged
            )
            SELECT website_id, bucket, has_bots, sessions, bounces, duration, engaged_ms, engaged
            FROM visit_changes(was, becomes)
            ON CONFLICT (website_id, bucket, has_bots) DO UPDATE SET
                sessions = v.sessions + excluded.sessions,
                bounces = v.bounces + excluded.bounces,
                duration = v.duration + excluded.duration,
                engaged_ms = v.engaged_ms + excluded.engaged_ms,
                engaged = v.engaged + excluded.engaged
            RETURNING v.*
        )
        SELECT website_id, bucket, has_bots FROM counted WHERE sessions = 0
    LOOP
        DELETE FROM rollup_visits v
        WHERE v.website_id = gone.website_id AND v.bucket = gone.bucket AND v.has_bots = gone.has_bots;
    END LOOP;
END
$$;

-- How a website's counts of sessions that started in [since, until) change by what is dirty.
CREATE FUNCTION unrolled_visit_changes(of_website text, since timestamptz, until timestamptz) RETURNS TABLE (
    bucket timestamptz, has_bots boolean, sessions bigint, bounces bigint, duration interval, engaged_ms bigint,
    engaged bigint
) LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 10 AS $$
DECLARE
    believed record := believed_rows(of_website, since, until);
BEGIN
    IF believed.is_dirty THEN
        RETURN QUERY
        SELECT c.bucket, c.has_bots, c.sessions, c.bounces, c.duration, c.engaged_ms, c.engaged
        FROM visit_changes(believed.was, believed.becomes) c
        WHERE c.bucket >= since AND c.bucket < until;
    END IF;
END
$$;

-- As before, and what is dirty changes what is counted: as many rows of a bucket as say something of it, to be added up.
CREATE OR REPLACE FUNCTION visit_facts_between(of_website text, since timestamptz, until timestamptz) RETURNS TABLE (
    bucket timestamptz, has_bots boolean, sessions bigint, bounces bigint, duration interval, engaged_ms bigint,
    engaged bigint
) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT r.bucket, r.has_bots, r.sessions, r.bounces, r.duration, r.engaged_ms, r.engaged
    FROM rollup_visits r
    WHERE r.website_id = of_website AND r.bucket >= since AND r.bucket < until
    UNION ALL
    SELECT c.bucket, c.has_bots, c.sessions, c.bounces, c.duration, c.engaged_ms, c.engaged
    FROM unrolled_visit_changes(of_website, since, until) c
$$;

-- Have the planner know a table and its parts, days of events or chunks of a rollup, whenever they have doubled. What a
-- procedure writes is told to autovacuum when its CALL ends, which after an import is hours later; and of a table that it
-- knows nothing of the planner takes any two ways for the same: rows of visitors were looked for among all of a lane.
CREATE PROCEDURE analyze_grown(of_table text) LANGUAGE plpgsql AS $$
DECLARE
    grown regclass;
BEGIN
    FOR grown IN
        SELECT c.oid
        FROM pg_class c
        WHERE (c.oid = of_table::regclass OR c.oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = of_table::regclass))
            -- One that is partitioned has no pages, and says -1 of them.
            AND pg_relation_size(c.oid) > 2 * greatest(c.relpages, 0) * current_setting('block_size')::bigint
    LOOP
        EXECUTE format('ANALYZE %s', grown);
    END LOOP;
END
$$;

-- Recompute the rows of visitors in buckets. The triples are distinct.
CREATE PROCEDURE visitors_recompute(websites text[], buckets timestamptz[], visitors bigint[]) LANGUAGE plpgsql AS $$
DECLARE
    rollup text := rows_of('rollup_sessions');
    part record;
BEGIN
    -- Where old rows lie in the columnstore, any number of them may have to be unpacked. PostgreSQL alone takes the
    -- setting for one of somebody else.
    PERFORM set_config('timescaledb.max_tuples_decompressed_per_dml_transaction', '0', true);
    FOR part IN SELECT * FROM named_by_day(websites, buckets, visitors) LOOP
        EXECUTE format(
            'DELETE FROM %s WHERE visitor_hash = ANY ($3) AND bucket >= $4 AND bucket < $5'
            ' AND ((website_id, bucket, visitor_hash) IN (SELECT * FROM unnest($1, $2, $3))) IS TRUE',
            rollup
        ) USING part.websites, part.buckets, part.visitors, part.since, part.until;
    END LOOP;
    EXECUTE format('INSERT INTO %s SELECT * FROM sessions_of_visitors($1, $2, $3)', rollup)
    USING websites, buckets, visitors;
END
$$;

-- Add to the rows of `rollup_site` what the marks of buckets say, but for those that are recomputed whole.
CREATE PROCEDURE site_recount(
    websites text[], buckets timestamptz[], whole_websites text[], whole_buckets timestamptz[]
) LANGUAGE plpgsql AS $$
DECLARE
    since timestamptz := (SELECT min(bucket) FROM unnest(buckets) bucket);
    until timestamptz := (SELECT max(bucket) FROM unnest(buckets) bucket) + INTERVAL '15 minutes';
    rollup text := rows_of('rollup_site');
BEGIN
    EXECUTE format(
        $statement$
            WITH added AS MATERIALIZED (
                SELECT
                    m.website_id, m.bucket, m.is_bot, sum(m.pageviews)::bigint AS pageviews,
                    sum(m.custom_events)::bigint AS custom_events, sum(m.events)::bigint AS events,
                    sum(m.persistent_events)::bigint AS persistent_events
                FROM rollup_dirty m
                WHERE (m.website_id, m.bucket) IN (SELECT * FROM unnest($1, $2))
                    AND m.events > 0
                    AND (m.website_id, m.bucket) NOT IN (SELECT * FROM unnest($3, $4))
                GROUP BY m.website_id, m.bucket, m.is_bot
            ), there AS (
                UPDATE %1$s r
                SET pageviews = r.pageviews + a.pageviews,
                    custom_events = r.custom_events + a.custom_events,
                    events = r.events + a.events,
                    persistent_events = r.persistent_events + a.persistent_events
                FROM added a
                WHERE r.website_id = a.website_id
                    AND r.bucket = a.bucket
                    AND r.is_bot = a.is_bot
                    AND r.bucket >= $5
                    AND r.bucket < $6
                RETURNING r.website_id, r.bucket, r.is_bot
            )
            INSERT INTO %1$s (website_id, bucket, is_bot, pageviews, custom_events, events, persistent_events)
            SELECT website_id, bucket, is_bot, pageviews, custom_events, events, persistent_events
            FROM added
            WHERE (website_id, bucket, is_bot) NOT IN (SELECT website_id, bucket, is_bot FROM there)
        $statement$,
        rollup
    ) USING websites, buckets, whole_websites, whole_buckets, since, until;
END
$$;

-- Bring the rollups up to date with every mark there was at the call. CALL it in autocommit: it commits as it goes. A
-- crash at any instant leaves the marks in place. One call works at a time, by a lock of the session; another returns at
-- once. After an error close the connection, which gives the lock back.
CREATE OR REPLACE PROCEDURE rollup_refresh() LANGUAGE plpgsql AS $$
DECLARE
    newest bigint;
    waiting record;
    size bigint;
    websites text[];
    buckets timestamptz[];
    whole_websites text[];
    whole_buckets timestamptz[];
    visitor_websites text[];
    visitor_buckets timestamptz[];
    visitors bigint[];
    was session_row[];
    becomes session_row[];
BEGIN
    IF NOT pg_try_advisory_lock(7270003) THEN
        RETURN;
    END IF;
    CALL values_begin();
    CALL analyze_grown('events');
    COMMIT;
    newest := (SELECT max(seq) FROM rollup_dirty);
    LOOP
        COMMIT;
        -- One snapshot for all: what is counted holds just what the marks that are taken away stand for.
        SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;
        websites := '{}';
        buckets := '{}';
        size := 0;
        FOR waiting IN
            SELECT
                m.website_id, m.bucket, bool_or(m.visitors IS NULL) AS is_unknown,
                coalesce(sum(cardinality(m.visitors)), 0) AS named
            FROM rollup_dirty m
            WHERE m.seq <= newest
            GROUP BY m.website_id, m.bucket
            ORDER BY m.bucket, m.website_id
            LIMIT 500
        LOOP
            -- Bounds one transaction after a large import, and its rows in memory: an array has one gigabyte at most.
            EXIT WHEN size > 200000;
            websites := websites || waiting.website_id;
            buckets := buckets || waiting.bucket;
            size := size + CASE WHEN waiting.is_unknown THEN (
                SELECT count(*)
                FROM events e
                WHERE e.website_id = waiting.website_id
                    AND e."timestamp" >= waiting.bucket
                    AND e."timestamp" < waiting.bucket + INTERVAL '15 minutes'
            ) ELSE waiting.named END;
        END LOOP;
        EXIT WHEN websites = '{}';

        SELECT array_agg(d.website_id), array_agg(d.bucket)
        INTO whole_websites, whole_buckets
        FROM dirty_buckets((SELECT min(b) FROM unnest(buckets) b), 'infinity') d
        WHERE d.is_whole AND (d.website_id, d.bucket) IN (SELECT * FROM unnest(websites, buckets));
        SELECT array_agg(d.website_id), array_agg(d.bucket), array_agg(d.visitor_hash)
        INTO visitor_websites, visitor_buckets, visitors
        FROM dirty_visitors((SELECT min(b) FROM unnest(buckets) b), 'infinity') d
        WHERE (d.website_id, d.bucket) IN (SELECT * FROM unnest(websites, buckets));

        was := stored_rows(whole_websites, whole_buckets, visitor_websites, visitor_buckets, visitors);
        IF whole_buckets IS NOT NULL THEN
            CALL rollup_recompute(whole_websites, whole_buckets);
        END IF;
        CALL visitors_recompute(visitor_websites, visitor_buckets, visitors);
        CALL site_recount(websites, buckets, whole_websites, whole_buckets);
        CALL analyze_grown(rows_of('rollup_sessions'));
        CALL analyze_grown(rows_of('rollup_site'));
        DELETE FROM rollup_dirty m WHERE (m.website_id, m.bucket) IN (SELECT * FROM unnest(websites, buckets));
        becomes := stored_rows(whole_websites, whole_buckets, visitor_websites, visitor_buckets, visitors);
        CALL visits_recount(was, becomes);
        CALL values_recount(people_of(was), people_of(becomes));
    END LOOP;
    PERFORM values_go_on();
    COMMIT;
    PERFORM pg_advisory_unlock(7270003);
END
$$;

-- As before; `rollup_visits` is changed by what goes.
CREATE OR REPLACE FUNCTION forget_rolled_up_visitor(of_website text, of_visitor bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    websites text[];
    buckets timestamptz[];
    visitors bigint[];
    was session_row[];
    forgotten bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(7270003);
    SELECT array_agg(website_id), array_agg(bucket), array_agg(of_visitor)
    INTO websites, buckets, visitors
    FROM (
        SELECT DISTINCT website_id, bucket
        FROM rollup_sessions
        WHERE website_id = of_website
            AND lane = (of_visitor & 63)::smallint
            AND visitor_hash = of_visitor
            AND is_lost(website_id, bucket)
    ) lost;
    IF buckets IS NULL THEN
        RETURN 0;
    END IF;
    was := stored_rows('{}', '{}', websites, buckets, visitors);
    forgotten := forget_visitor(of_website, of_visitor);
    CALL visits_recount(was, NULL);
    CALL values_recount(people_of(was), NULL);
    RETURN forgotten;
END
$$;

DROP PROCEDURE visits_recompute(text[], timestamptz[]);
DROP FUNCTION visits_of_buckets(text, timestamptz[]);
DROP FUNCTION stale_visits(text, timestamptz, timestamptz);

-- Up to now `rollup_visits` told of what was dirty as well, when it was made anew: where anything is, from
-- `rollup_sessions` alone.
CREATE TEMPORARY TABLE remade_starts ON COMMIT DROP AS
    SELECT DISTINCT m.website_id, m.bucket - make_interval(mins => 15 * ago) AS bucket
    FROM rollup_dirty m
    CROSS JOIN generate_series(0, 97) ago;
DELETE FROM rollup_visits v USING remade_starts m WHERE v.website_id = m.website_id AND v.bucket = m.bucket;
INSERT INTO rollup_visits (website_id, bucket, has_bots, sessions, bounces, duration, engaged_ms, engaged)
SELECT
    website_id,
    bucket,
    has_bots,
    count(*),
    count(*) FILTER (WHERE views < 2 AND interactions = 0),
    sum(lasted),
    sum(spent_ms)::bigint,
    count(*) FILTER (WHERE views >= 2 OR interactions > 0 OR spent_ms >= 10000)
FROM (
    SELECT
        m.website_id,
        m.bucket,
        kind.has_bots,
        sum(r.pageviews) AS views,
        sum(r.interactive_events) AS interactions,
        sum(r.engaged_ms::double precision) AS spent_ms,
        max(r.last_timestamp) - r.session_started_at AS lasted
    FROM remade_starts m
    JOIN rollup_sessions r ON r.website_id = m.website_id
        AND r.session_started_at >= m.bucket
        AND r.session_started_at < m.bucket + INTERVAL '15 minutes'
    CROSS JOIN (VALUES (false), (true)) AS kind (has_bots)
    WHERE kind.has_bots OR NOT r.is_bot
    GROUP BY m.website_id, m.bucket, kind.has_bots, r.session_started_at, r.session_hash
    HAVING sum(r.pageviews + r.custom_events) > 0
) visits
GROUP BY website_id, bucket, has_bots;
