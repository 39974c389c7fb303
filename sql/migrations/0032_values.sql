-- Lists by an attribute of the session, counted by the website's own days: the second level of what reports list,
-- made of `rollup_sessions` and the same in both flavours. Robots are not in it.

-- rollup_sessions: all that a visitor did.
CREATE INDEX rollup_sessions_visitor ON rollup_sessions (website_id, visitor_hash, bucket);

-- The zone whose days a website is counted by, and the bucket up to which it is: `infinity` once all of it is.
-- NULL where the database does not know the zone, and nothing is counted.
CREATE TABLE rollup_zones (
    website_id text PRIMARY KEY,
    zone text,
    counted_until timestamptz NOT NULL
);

-- What happened on the day, of how many visitors, and the sessions that started on it, each measured whole
-- (SPEC R20). `names` are the parts of the value, NULL for what is not known.
CREATE TABLE rollup_values (
    website_id text NOT NULL,
    dimension text NOT NULL,
    day date NOT NULL,
    names text[] NOT NULL,
    pageviews bigint NOT NULL,
    custom_events bigint NOT NULL,
    visitors bigint NOT NULL,
    sessions bigint NOT NULL,
    bounces bigint NOT NULL,
    duration interval NOT NULL,
    engaged_ms bigint NOT NULL,
    engaged bigint NOT NULL,
    PRIMARY KEY (website_id, dimension, day, names)
) WITH (fillfactor = 85);

-- Of the day's visitors those who were last seen with the value so many days before. Distinct visitors of some days
-- are those of each, without those who were seen on another of them before: exact, and read from a few rows.
CREATE TABLE rollup_returns (
    website_id text NOT NULL,
    dimension text NOT NULL,
    day date NOT NULL,
    names text[] NOT NULL,
    days_ago integer NOT NULL CHECK (days_ago > 0),
    visitors bigint NOT NULL,
    PRIMARY KEY (website_id, dimension, day, names, days_ago)
) WITH (fillfactor = 85);

-- What a session is listed under, and what a row of `rollup_sessions` gives the lists.
CREATE TYPE session_attributes AS (
    referrer text, source text, channel text, utm_source text, utm_medium text, utm_campaign text, utm_term text,
    utm_content text, country text, region text, city text, city_geoname_id integer, continent text, browser text,
    os text, device text, screen text
);
CREATE TYPE session_row AS (
    website_id text, bucket timestamptz, session_hash bigint, visitor_hash bigint, session_started_at timestamptz,
    pageviews integer, custom_events integer, interactive_events integer, engaged_ms bigint,
    last_timestamp timestamptz, attributes session_attributes
);

-- The values that a session is listed under, by dimension. `queryapi/counted.py` asks for them by these names.
CREATE FUNCTION values_of(a session_attributes) RETURNS TABLE (dimension text, names text[])
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT v.dimension, v.names
    FROM (VALUES
        ('everybody', '{}'::text[]),
        ('source', ARRAY[(a).source]),
        ('source_channel', ARRAY[(a).source, (a).channel]),
        ('channel', ARRAY[(a).channel]),
        ('referrer', ARRAY[regexp_replace((a).referrer, '^[A-Za-z0-9+.-]+://', '')]),
        ('utm_source', ARRAY[(a).utm_source]),
        ('utm_medium', ARRAY[(a).utm_medium]),
        ('utm_campaign', ARRAY[(a).utm_campaign]),
        ('utm_term', ARRAY[(a).utm_term]),
        ('utm_content', ARRAY[(a).utm_content]),
        ('campaign', CASE
            WHEN num_nonnulls((a).utm_source, (a).utm_medium, (a).utm_campaign, (a).utm_term, (a).utm_content) > 0
            THEN ARRAY[(a).utm_source, (a).utm_medium, (a).utm_campaign]
        END),
        ('country', ARRAY[(a).country]),
        ('region', ARRAY[(a).region, CASE WHEN (a).region IS NOT NULL THEN (a).country END]),
        ('city', CASE
            WHEN (a).city IS NOT NULL THEN ARRAY[(a).city, (a).city_geoname_id::text, (a).region, (a).country]
            ELSE ARRAY[NULL, (a).city_geoname_id::text, NULL, NULL]
        END),
        ('continent', ARRAY[(a).continent]),
        ('browser', ARRAY[(a).browser]),
        ('os', ARRAY[(a).os]),
        ('device', ARRAY[(a).device]),
        ('screen', ARRAY[(a).screen])
    ) v (dimension, names)
    WHERE v.names IS NOT NULL
$$;

-- `rollup_sessions` as the lists need it.
CREATE VIEW listed_sessions AS
SELECT
    website_id, bucket, session_hash, visitor_hash, session_started_at, lane, pageviews + custom_events AS hits,
    ROW(
        website_id, bucket, session_hash, visitor_hash, session_started_at, pageviews, custom_events,
        interactive_events, engaged_ms, last_timestamp,
        ROW(
            referrer, source, channel, utm_source, utm_medium, utm_campaign, utm_term, utm_content, country, region,
            city, city_geoname_id, continent, browser, os, device, screen
        )::session_attributes
    )::session_row AS row
FROM rollup_sessions
WHERE NOT is_bot;

-- The rows that buckets have in `rollup_sessions`, whatever is dirty. The pairs of `websites` and `buckets` are
-- distinct.
CREATE FUNCTION rolled_up_rows(websites text[], buckets timestamptz[]) RETURNS session_row[]
LANGUAGE sql STABLE AS $$
    SELECT array_agg(r.row)
    FROM unnest(websites, buckets) AS d (website_id, bucket)
    CROSS JOIN LATERAL (
        SELECT l.row FROM listed_sessions l WHERE l.website_id = d.website_id AND l.bucket = d.bucket OFFSET 0
    ) r
$$;

-- The rows that buckets of a website should have.
CREATE FUNCTION true_rows(of_website text, buckets timestamptz[]) RETURNS session_row[]
LANGUAGE sql STABLE AS $$
    SELECT array_agg(ROW(
        of_website, d.bucket, s.session_hash, s.visitor_hash, s.session_started_at, s.pageviews, s.custom_events,
        s.interactive_events, s.engaged_ms, s.last_timestamp,
        ROW(
            s.referrer, s.source, s.channel, s.utm_source, s.utm_medium, s.utm_campaign, s.utm_term, s.utm_content,
            s.country, s.region, s.city, s.city_geoname_id, s.continent, s.browser, s.os, s.device, s.screen
        )::session_attributes
    )::session_row)
    FROM unnest(buckets) AS d (bucket)
    CROSS JOIN LATERAL sessions_of_bucket(of_website, d.bucket) s
    WHERE NOT s.is_bot
$$;

-- How the counts change when these rows of `rollup_sessions` become those: by value and day, `days_ago` NULL for
-- rollup_values, else for rollup_returns. Whatever is the same in both counts for nothing. Of other days a visitor's
-- sightings in [since, until) are looked at. It does not matter whether `rollup_sessions` has the old rows or the new.
CREATE FUNCTION value_changes(
    was session_row[], becomes session_row[], of_dimensions text[],
    since timestamptz DEFAULT '-infinity', until timestamptz DEFAULT 'infinity'
) RETURNS TABLE (
    website_id text, dimension text, day date, names text[], days_ago integer, pageviews bigint,
    custom_events bigint, visitors bigint, sessions bigint, bounces bigint, duration interval, engaged_ms bigint,
    engaged bigint
) LANGUAGE sql STABLE AS $$
    WITH changed AS MATERIALIZED (
        SELECT
            c.sign, z.zone, z.counted_until, (c.row).website_id, (c.row).bucket, (c.row).session_hash,
            (c.row).visitor_hash, (c.row).session_started_at, (c.row).pageviews, (c.row).custom_events,
            ((c.row).bucket AT TIME ZONE z.zone)::date AS day, c.row, hash_record_extended((c.row).attributes, 0) AS looks
        FROM (
            SELECT -1 AS sign, gone.row
            FROM (SELECT u AS row FROM unnest(was) u EXCEPT SELECT u FROM unnest(becomes) u) gone
            UNION ALL
            SELECT 1, came.row
            FROM (SELECT u AS row FROM unnest(becomes) u EXCEPT SELECT u FROM unnest(was) u) came
        ) c
        JOIN rollup_zones z ON z.website_id = (c.row).website_id
        WHERE (c.row).bucket < z.counted_until AND z.zone IS NOT NULL
    ),
    -- Other rows of the same sessions and visitors count before and after.
    sides AS (
        SELECT sign FROM (VALUES (-1), (1)) both_sides (sign)
    ),
    visits AS (
        SELECT
            v.sign, v.website_id, (min((v.row).session_started_at) AT TIME ZONE v.zone)::date AS day,
            any_value((v.row).attributes) AS attributes, sum((v.row).pageviews) AS views,
            sum((v.row).interactive_events) AS interactions, sum((v.row).engaged_ms::double precision) AS spent_ms,
            max((v.row).last_timestamp) - min((v.row).session_started_at) AS lasted
        FROM (
            SELECT c.sign, c.zone, c.website_id, c.session_hash, c.session_started_at, c.row FROM changed c
            UNION ALL
            SELECT sides.sign, k.zone, k.website_id, k.session_hash, k.session_started_at, other.row
            FROM (
                SELECT DISTINCT c.zone, c.counted_until, c.website_id, c.session_hash, c.session_started_at
                FROM changed c
            ) k
            CROSS JOIN LATERAL (
                SELECT l.bucket, l.visitor_hash, l.row
                FROM listed_sessions l
                WHERE l.website_id = k.website_id
                    AND l.session_started_at = k.session_started_at
                    AND l.session_hash = k.session_hash
                    AND l.bucket >= k.session_started_at - INTERVAL '15 minutes'
                    AND l.bucket < k.session_started_at + INTERVAL '24 hours 15 minutes'
                    AND l.bucket < k.counted_until
                OFFSET 0
            ) other
            CROSS JOIN sides
            WHERE (k.website_id, other.bucket, k.session_hash, other.visitor_hash) NOT IN (
                SELECT c.website_id, c.bucket, c.session_hash, c.visitor_hash FROM changed c
            )
        ) v
        GROUP BY v.sign, v.zone, v.website_id, v.session_hash, v.session_started_at
        HAVING sum((v.row).pageviews + (v.row).custom_events) > 0
    ),
    seen AS (
        SELECT
            s.sign, s.website_id, s.visitor_hash, s.day, s.attributes, s.looks,
            min(s.looks) OVER of_visitor = max(s.looks) OVER of_visitor AS is_one_look,
            lag(s.day) OVER (of_visitor ORDER BY s.day) AS previous_day
        FROM (
            SELECT c.sign, c.website_id, c.visitor_hash, c.day, (c.row).attributes, c.looks
            FROM changed c
            WHERE c.pageviews + c.custom_events > 0
            UNION ALL
            SELECT
                sides.sign, o.website_id, o.visitor_hash, o.day, (o.row).attributes,
                hash_record_extended((o.row).attributes, 0)
            FROM (
                SELECT k.website_id, k.visitor_hash, (other.bucket AT TIME ZONE k.zone)::date AS day, other.row
                FROM (SELECT DISTINCT c.zone, c.counted_until, c.website_id, c.visitor_hash FROM changed c) k
                CROSS JOIN LATERAL (
                    SELECT l.bucket, l.session_hash, l.row
                    FROM listed_sessions l
                    WHERE l.website_id = k.website_id
                        AND l.visitor_hash = k.visitor_hash
                        AND l.lane = (k.visitor_hash & 63)::smallint
                        AND l.bucket >= since
                        AND l.bucket < until
                        AND l.bucket < k.counted_until
                        AND l.hits > 0
                    OFFSET 0
                ) other
                WHERE (k.website_id, other.bucket, other.session_hash, k.visitor_hash) NOT IN (
                    SELECT c.website_id, c.bucket, c.session_hash, c.visitor_hash FROM changed c
                )
                OFFSET 0
            ) o
            CROSS JOIN sides
        ) s
        WINDOW of_visitor AS (PARTITION BY s.sign, s.website_id, s.visitor_hash)
    ),
    -- Before it is told by each value: a session's attributes are hashed, not compared value by value.
    told AS (
        SELECT
            f.website_id, f.day, f.days_ago, any_value(f.attributes) AS attributes, sum(f.pageviews) AS pageviews,
            sum(f.custom_events) AS custom_events, sum(f.visitors) AS visitors, sum(f.sessions) AS sessions,
            sum(f.bounces) AS bounces, sum(f.duration) AS duration, sum(f.engaged_ms) AS engaged_ms,
            sum(f.engaged) AS engaged
        FROM (
            SELECT
                c.website_id, c.day, NULL::integer AS days_ago, (c.row).attributes, c.looks,
                c.sign * c.pageviews AS pageviews, c.sign * c.custom_events AS custom_events, 0 AS visitors,
                0 AS sessions, 0 AS bounces, INTERVAL '0' AS duration, 0::double precision AS engaged_ms, 0 AS engaged
            FROM changed c
            WHERE c.pageviews + c.custom_events > 0
            UNION ALL
            SELECT
                t.website_id, t.day, NULL, t.attributes, hash_record_extended(t.attributes, 0), 0, 0, 0, t.sign,
                t.sign * (t.views < 2 AND t.interactions = 0)::integer, t.sign * t.lasted, t.sign * t.spent_ms,
                t.sign * (t.views >= 2 OR t.interactions > 0 OR t.spent_ms >= 10000)::integer
            FROM visits t
            UNION ALL
            SELECT s.website_id, s.day, NULL, s.attributes, s.looks, 0, 0, s.sign, 0, 0, INTERVAL '0', 0, 0
            FROM seen s
            WHERE s.is_one_look AND s.previous_day IS DISTINCT FROM s.day
            UNION ALL
            SELECT
                s.website_id, s.day, s.day - s.previous_day, s.attributes, s.looks, 0, 0, s.sign, 0, 0, INTERVAL '0',
                0, 0
            FROM seen s
            WHERE s.is_one_look AND s.previous_day < s.day
        ) f
        GROUP BY f.website_id, f.day, f.days_ago, f.looks
    ),
    -- Visitors who did not always look the same: who they were last seen as differs from value to value.
    sightings AS (
        SELECT d.*, lag(d.day) OVER (
            PARTITION BY d.sign, d.website_id, d.visitor_hash, d.dimension, d.names ORDER BY d.day
        ) AS previous_day
        FROM (
            SELECT DISTINCT s.sign, s.website_id, s.visitor_hash, s.day, v.dimension, v.names
            FROM seen s
            CROSS JOIN LATERAL values_of(s.attributes) v
            WHERE NOT s.is_one_look AND v.dimension = ANY (of_dimensions)
        ) d
    ),
    parts AS (
        SELECT
            t.website_id, v.dimension, t.day, v.names, t.days_ago, t.pageviews, t.custom_events, t.visitors, t.sessions,
            t.bounces, t.duration, t.engaged_ms, t.engaged
        FROM told t
        CROSS JOIN LATERAL values_of(t.attributes) v
        WHERE v.dimension = ANY (of_dimensions)
        UNION ALL
        SELECT s.website_id, s.dimension, s.day, s.names, NULL, 0, 0, s.sign, 0, 0, INTERVAL '0', 0, 0
        FROM sightings s
        UNION ALL
        SELECT
            s.website_id, s.dimension, s.day, s.names, s.day - s.previous_day, 0, 0, s.sign, 0, 0, INTERVAL '0', 0, 0
        FROM sightings s
        WHERE s.previous_day IS NOT NULL
    )
    SELECT
        p.website_id, p.dimension, p.day, p.names, p.days_ago, sum(p.pageviews)::bigint, sum(p.custom_events)::bigint,
        sum(p.visitors)::bigint, sum(p.sessions)::bigint, sum(p.bounces)::bigint, sum(p.duration),
        sum(p.engaged_ms)::bigint, sum(p.engaged)::bigint
    FROM parts p
    GROUP BY p.website_id, p.dimension, p.day, p.names, p.days_ago
    HAVING sum(p.pageviews) <> 0
        OR sum(p.custom_events) <> 0
        OR sum(p.visitors) <> 0
        OR sum(p.sessions) <> 0
        OR sum(p.bounces) <> 0
        OR sum(p.duration) <> INTERVAL '0'
        OR sum(p.engaged_ms) <> 0
        OR sum(p.engaged) <> 0
$$;

-- Count the change. One caller at a time: the lock 7270003 is held.
CREATE PROCEDURE values_recount(was session_row[], becomes session_row[], until timestamptz DEFAULT 'infinity')
LANGUAGE plpgsql AS $$
DECLARE
    gone record;
BEGIN
    IF was IS NULL AND becomes IS NULL THEN
        RETURN;
    END IF;
    -- What counts nothing any more is deleted: a value may be all that is left of somebody.
    FOR gone IN
        WITH changes AS MATERIALIZED (
            SELECT c.*
            FROM value_changes(was, becomes, ARRAY(SELECT v.dimension FROM values_of(NULL::session_attributes) v), '-infinity', until) c
        ), counted AS (
            INSERT INTO rollup_values AS v (
                website_id, dimension, day, names, pageviews, custom_events, visitors, sessions, bounces, duration,
                engaged_ms, engaged
            )
            SELECT
                website_id, dimension, day, names, pageviews, custom_events, visitors, sessions, bounces, duration,
                engaged_ms, engaged
            FROM changes
            WHERE days_ago IS NULL
            ON CONFLICT (website_id, dimension, day, names) DO UPDATE SET
                pageviews = v.pageviews + excluded.pageviews,
                custom_events = v.custom_events + excluded.custom_events,
                visitors = v.visitors + excluded.visitors,
                sessions = v.sessions + excluded.sessions,
                bounces = v.bounces + excluded.bounces,
                duration = v.duration + excluded.duration,
                engaged_ms = v.engaged_ms + excluded.engaged_ms,
                engaged = v.engaged + excluded.engaged
            RETURNING v.*
        ), returned AS (
            INSERT INTO rollup_returns AS v (website_id, dimension, day, names, days_ago, visitors)
            SELECT website_id, dimension, day, names, days_ago, visitors
            FROM changes
            WHERE days_ago IS NOT NULL
            ON CONFLICT (website_id, dimension, day, names, days_ago) DO UPDATE SET
                visitors = v.visitors + excluded.visitors
            RETURNING v.*
        )
        SELECT website_id, dimension, day, names, NULL::integer AS days_ago
        FROM counted
        WHERE pageviews = 0 AND custom_events = 0 AND sessions = 0
        UNION ALL
        SELECT website_id, dimension, day, names, days_ago
        FROM returned
        WHERE visitors = 0
    LOOP
        IF gone.days_ago IS NULL THEN
            DELETE FROM rollup_values v
            WHERE v.website_id = gone.website_id AND v.dimension = gone.dimension AND v.day = gone.day
                AND v.names = gone.names;
        ELSE
            DELETE FROM rollup_returns v
            WHERE v.website_id = gone.website_id AND v.dimension = gone.dimension AND v.day = gone.day
                AND v.names = gone.names AND v.days_ago = gone.days_ago;
        END IF;
    END LOOP;
END
$$;

-- Have websites counted by the days of their zone: those that are new, and those whose zone is another one now, whose
-- counts begin again.
CREATE PROCEDURE values_begin() LANGUAGE plpgsql AS $$
DECLARE
    begun record;
BEGIN
    FOR begun IN
        SELECT w.website_id, w.timezone
        FROM websites w
        LEFT JOIN rollup_zones z ON z.website_id = w.website_id
        WHERE z.website_id IS NULL OR z.zone <> w.timezone
    LOOP
        DELETE FROM rollup_values WHERE website_id = begun.website_id;
        DELETE FROM rollup_returns WHERE website_id = begun.website_id;
        INSERT INTO rollup_zones (website_id, zone, counted_until)
        SELECT
            begun.website_id,
            (SELECT name FROM pg_timezone_names WHERE name = begun.timezone),
            coalesce((SELECT min(bucket) FROM rollup_sessions WHERE website_id = begun.website_id), 'infinity')
        ON CONFLICT (website_id) DO UPDATE SET zone = excluded.zone, counted_until = excluded.counted_until;
    END LOOP;
END
$$;

-- Count a day more of a website that is not counted yet as a whole; false where there is none.
CREATE FUNCTION values_go_on() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    of_website text;
    since timestamptz;
    until timestamptz;
    websites text[];
    buckets timestamptz[];
BEGIN
    SELECT website_id, counted_until INTO of_website, since
    FROM rollup_zones
    WHERE counted_until < 'infinity' AND zone IS NOT NULL
    ORDER BY website_id
    LIMIT 1;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    until := since + INTERVAL '6 hours';
    SELECT array_agg(of_website), array_agg(bucket)
    INTO websites, buckets
    FROM generate_series(since, until - INTERVAL '15 minutes', INTERVAL '15 minutes') bucket;
    UPDATE rollup_zones SET counted_until = until WHERE website_id = of_website;
    CALL values_recount(NULL, rolled_up_rows(websites, buckets), until);
    UPDATE rollup_zones
    SET counted_until = coalesce(
        (SELECT min(bucket) FROM rollup_sessions WHERE website_id = of_website AND bucket >= until), 'infinity'
    )
    WHERE website_id = of_website;
    RETURN true;
END
$$;

-- As before, and lists counted from what the buckets had and have now, in the same transaction.
CREATE OR REPLACE PROCEDURE rollup_refresh() LANGUAGE plpgsql AS $$
DECLARE
    newest bigint;
    taken bigint[];
    websites text[];
    buckets timestamptz[];
    start_websites text[];
    starts timestamptz[];
    was session_row[];
BEGIN
    -- The recomputation must see at least what the dirty rows it took stand for: a later snapshot.
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'rollup_refresh: must run in read committed' USING ERRCODE = 'invalid_transaction_state';
    END IF;
    IF NOT pg_try_advisory_lock(7270003) THEN
        RETURN;
    END IF;
    CALL values_begin();
    COMMIT;
    newest := (SELECT max(seq) FROM rollup_dirty);
    LOOP
        WITH slice AS (
            SELECT website_id, bucket, array_agg(seq) AS seqs
            FROM rollup_dirty
            WHERE seq <= newest
            GROUP BY website_id, bucket
            ORDER BY bucket, website_id
            -- Bounds one transaction after a large import, and its rows in memory.
            LIMIT 500
        )
        SELECT
            array_agg(website_id ORDER BY bucket, website_id),
            array_agg(bucket ORDER BY bucket, website_id),
            (SELECT array_agg(seq) FROM slice CROSS JOIN LATERAL unnest(seqs) seq)
        INTO websites, buckets, taken
        FROM slice;
        EXIT WHEN websites IS NULL;
        was := rolled_up_rows(websites, buckets);
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
        CALL values_recount(was, rolled_up_rows(websites, buckets));
        COMMIT;
    END LOOP;
    PERFORM values_go_on();
    COMMIT;
    PERFORM pg_advisory_unlock(7270003);
END
$$;

-- How the counts of a value's website change by what is dirty: nothing, most of the time, and then at once.
CREATE FUNCTION unrolled_value_changes(of_website text, of_dimension text, first_day date, last_day date)
RETURNS TABLE (
    website_id text, dimension text, day date, names text[], days_ago integer, pageviews bigint,
    custom_events bigint, visitors bigint, sessions bigint, bounces bigint, duration interval, engaged_ms bigint,
    engaged bigint
) LANGUAGE plpgsql STABLE ROWS 10 AS $$
DECLARE
    of_zone text := (SELECT z.zone FROM rollup_zones z WHERE z.website_id = of_website);
    since timestamptz := first_day::timestamp AT TIME ZONE of_zone;
    until timestamptz := (last_day + 1)::timestamp AT TIME ZONE of_zone;
    buckets timestamptz[] := ARRAY(
        SELECT DISTINCT m.bucket
        FROM rollup_dirty m
        -- A session lasts 24 hours, and counts where it started.
        WHERE m.website_id = of_website AND m.bucket >= since AND m.bucket < until + INTERVAL '24 hours 15 minutes'
    );
BEGIN
    IF cardinality(buckets) > 0 THEN
        RETURN QUERY
        SELECT c.*
        FROM value_changes(
            rolled_up_rows(array_fill(of_website, ARRAY[cardinality(buckets)]), buckets),
            true_rows(of_website, buckets),
            ARRAY[of_dimension],
            since,
            until
        ) c
        WHERE c.day >= first_day AND c.day <= last_day;
    END IF;
END
$$;

-- What readers see of a website's days by the values of a dimension, the days of its zone; exact at every commit once
-- it is counted as a whole. Visitors add up to the distinct ones of all the days.
CREATE FUNCTION value_facts_between(of_website text, of_dimension text, first_day date, last_day date)
RETURNS TABLE (
    names text[], pageviews bigint, custom_events bigint, visitors bigint, sessions bigint, bounces bigint,
    duration interval, engaged_ms bigint, engaged bigint
) LANGUAGE sql STABLE AS $$
    SELECT v.names, v.pageviews, v.custom_events, v.visitors, v.sessions, v.bounces, v.duration, v.engaged_ms, v.engaged
    FROM rollup_values v
    WHERE v.website_id = of_website AND v.dimension = of_dimension AND v.day >= first_day AND v.day <= last_day
    UNION ALL
    SELECT r.names, 0, 0, -sum(r.visitors)::bigint, 0, 0, INTERVAL '0', 0, 0
    FROM rollup_returns r
    WHERE r.website_id = of_website AND r.dimension = of_dimension AND r.day >= first_day AND r.day <= last_day
        AND r.days_ago <= r.day - first_day
    GROUP BY r.names
    UNION ALL
    SELECT
        c.names, c.pageviews, c.custom_events,
        CASE WHEN c.days_ago IS NULL THEN c.visitors WHEN c.days_ago <= c.day - first_day THEN -c.visitors ELSE 0 END,
        c.sessions, c.bounces, c.duration, c.engaged_ms, c.engaged
    FROM unrolled_value_changes(of_website, of_dimension, first_day, last_day) c
$$;

-- As before, and out of the lists.
CREATE OR REPLACE FUNCTION forget_rolled_up_visitor(of_website text, of_visitor bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    starts timestamptz[];
    websites text[];
    buckets timestamptz[];
    was session_row[];
    forgotten bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(7270003);
    SELECT
        array_agg(DISTINCT date_bin('15 minutes', session_started_at, '2000-01-01 00:00:00+00')),
        array_agg(DISTINCT bucket)
    INTO starts, buckets
    FROM rollup_sessions
    WHERE website_id = of_website
        AND lane = (of_visitor & 63)::smallint
        AND visitor_hash = of_visitor
        AND is_lost(website_id, bucket);
    IF buckets IS NULL THEN
        RETURN 0;
    END IF;
    websites := array_fill(of_website, ARRAY[cardinality(buckets)]);
    was := rolled_up_rows(websites, buckets);
    forgotten := forget_visitor(of_website, of_visitor);
    CALL visits_recompute(array_fill(of_website, ARRAY[cardinality(starts)]), starts);
    CALL values_recount(was, rolled_up_rows(websites, buckets));
    RETURN forgotten;
END
$$;

-- Take a whole website out of the lists; nothing counts it from here on unless it is registered.
CREATE FUNCTION forget_values(of_website text) RETURNS void LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock(7270003);
    DELETE FROM rollup_values WHERE website_id = of_website;
    DELETE FROM rollup_returns WHERE website_id = of_website;
    DELETE FROM rollup_zones WHERE website_id = of_website;
$$;
