-- Removing events on request: picked first, because what picks a session (its last page, say) changes while its
-- events go; then removed in bounded transactions, each of which leaves every number right.

-- Events picked for removal. Nothing of a visitor is in it; a crash may empty it, and the removal is asked for again.
CREATE UNLOGGED TABLE event_removals (
    removal_id uuid NOT NULL,
    website_id text NOT NULL,
    "timestamp" timestamptz NOT NULL,
    id uuid NOT NULL,
    picked_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX event_removals_place ON event_removals (removal_id, "timestamp");

-- Whether retention has dropped the raw events of the moment's day: its rollups are all there is of it, and its
-- buckets cannot be made anew.
CREATE FUNCTION is_lost(of_website text, moment timestamptz) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM dropped_days WHERE day = (moment AT TIME ZONE 'UTC')::date)
$$;

-- Have the buckets of these moments rolled up again, but for those that cannot be.
CREATE PROCEDURE mark_moments(of_website text, moments timestamptz[]) LANGUAGE sql AS $$
    INSERT INTO rollup_dirty (website_id, bucket)
    SELECT of_website, bucket
    FROM (
        SELECT DISTINCT date_bin('15 minutes', moment, '1970-01-01 00:00:00+00') AS bucket
        FROM unnest(moments) moment
    ) touched
    WHERE NOT is_lost(of_website, bucket)
$$;

-- Remove up to `most` of the picked events, the oldest first; how many of the picked ones are done with, 0 at the
-- end. Events that remain of a session name the earliest of themselves as its start, unless the session began on a
-- day whose raw events are gone. A session lasts 24 hours at most.
CREATE FUNCTION remove_picked(of_removal uuid, most integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    of_website text;
    times timestamptz[];
    ids uuid[];
    since timestamptz;
    until timestamptz;
    touched timestamptz[];
    beheaded bigint[];
BEGIN
    WITH taken AS (
        DELETE FROM event_removals WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM event_removals WHERE removal_id = of_removal ORDER BY "timestamp" LIMIT most
        ))
        RETURNING website_id, "timestamp", id
    )
    SELECT min(website_id), array_agg("timestamp"), array_agg(id), min("timestamp"), max("timestamp")
    INTO of_website, times, ids, since, until
    FROM taken;
    IF times IS NULL THEN
        RETURN 0;
    END IF;

    WITH gone AS (
        DELETE FROM events e
        USING unnest(times, ids) AS picked (happened, id)
        WHERE e.website_id = of_website
            AND e."timestamp" >= since
            AND e."timestamp" <= until
            AND e."timestamp" = picked.happened
            AND e.id = picked.id
        RETURNING e."timestamp" AS happened, e.session_started_at, e.session_hash
    )
    SELECT
        array_agg(happened) || array_agg(session_started_at),
        array_agg(DISTINCT session_hash) FILTER (WHERE happened = session_started_at)
    INTO touched, beheaded
    FROM gone;

    IF beheaded IS NOT NULL THEN
        WITH firsts AS (
            SELECT session_hash, min("timestamp") AS started_at
            FROM events
            WHERE website_id = of_website
                AND "timestamp" >= since
                AND "timestamp" <= until + INTERVAL '24 hours'
                AND session_hash = ANY (beheaded)
            GROUP BY session_hash
        ), moved AS (
            UPDATE events e
            SET session_started_at = f.started_at
            FROM firsts f
            WHERE e.website_id = of_website
                AND e."timestamp" >= since
                AND e."timestamp" <= until + INTERVAL '24 hours'
                AND e.session_hash = f.session_hash
                AND e.session_started_at <> f.started_at
            RETURNING e."timestamp" AS happened, f.started_at
        )
        SELECT touched || coalesce(array_agg(happened), '{}') || coalesce(array_agg(DISTINCT started_at), '{}')
        INTO touched
        FROM moved;
    END IF;
    IF touched IS NOT NULL THEN
        CALL mark_moments(of_website, touched);
    END IF;
    RETURN cardinality(times);
END
$$;

-- Remove all events of a website in [since, until).
CREATE FUNCTION remove_between(of_website text, since timestamptz, until timestamptz) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    touched timestamptz[];
    removed bigint;
BEGIN
    WITH gone AS (
        DELETE FROM events
        WHERE website_id = of_website AND "timestamp" >= since AND "timestamp" < until
        RETURNING "timestamp" AS happened, session_started_at
    )
    SELECT array_agg(happened) || array_agg(DISTINCT session_started_at), count(*) INTO touched, removed FROM gone;
    IF touched IS NOT NULL THEN
        CALL mark_moments(of_website, touched);
    END IF;
    RETURN removed;
END
$$;

-- What is rolled up of days whose raw events are gone cannot be computed again: it is corrected by hand, where
-- `rows_of` says that the rows lie.

-- Take a visitor out of it; how many rows went. Of events that were neither page views nor custom events nothing but
-- their number in all is left, and stays.
CREATE FUNCTION forget_visitor(of_website text, of_visitor bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    forgotten bigint := 0;
    touched record;
BEGIN
    FOR touched IN
        SELECT bucket, is_bot, sum(pageviews) AS pageviews, sum(custom_events) AS custom_events, count(*) AS rows
        FROM rollup_sessions
        WHERE website_id = of_website
            AND lane = (of_visitor & 63)::smallint
            AND visitor_hash = of_visitor
            AND is_lost(website_id, bucket)
        GROUP BY bucket, is_bot
    LOOP
        EXECUTE format(
            'UPDATE %s SET pageviews = pageviews - $4, custom_events = custom_events - $5, events = events - $4 - $5'
            ' WHERE website_id = $1 AND bucket = $2 AND is_bot = $3',
            rows_of('rollup_site')
        ) USING of_website, touched.bucket, touched.is_bot, touched.pageviews, touched.custom_events;
        EXECUTE format(
            'DELETE FROM %s WHERE website_id = $1 AND bucket = $2 AND is_bot = $3 AND visitor_hash = $4'
            ' AND lane = ($4 & 63)::smallint',
            rows_of('rollup_sessions')
        ) USING of_website, touched.bucket, touched.is_bot, of_visitor;
        forgotten := forgotten + touched.rows;
    END LOOP;
    RETURN forgotten;
END
$$;

-- Take a whole website out of the rollups.
CREATE FUNCTION forget_website(of_website text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('DELETE FROM %s WHERE website_id = $1', rows_of('rollup_sessions')) USING of_website;
    EXECUTE format('DELETE FROM %s WHERE website_id = $1', rows_of('rollup_site')) USING of_website;
END
$$;
