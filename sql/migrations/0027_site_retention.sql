-- Retention of single websites.

-- UTC days whose raw events a website's own retention has removed; `is_empty` once the last of them is gone. As with
-- `dropped_days`, no event for such a day can be committed any more, and its rollups stay.
CREATE TABLE dropped_site_days (
    website_id text NOT NULL,
    day date NOT NULL,
    is_empty boolean NOT NULL DEFAULT false,
    dropped_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (website_id, day)
);

-- Whether retention has dropped the raw events of the moment's day: its rollups are all there is of it, and its
-- buckets cannot be made anew.
CREATE OR REPLACE FUNCTION is_lost(of_website text, moment timestamptz) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM dropped_days WHERE day = (moment AT TIME ZONE 'UTC')::date)
        OR EXISTS (
            SELECT FROM dropped_site_days
            WHERE website_id = of_website AND day = (moment AT TIME ZONE 'UTC')::date
        )
$$;

-- keep_house and keep_websites lock `events` and `rollup_dirty` while they drop, so no writer can slip through. The
-- error is of the class that a missing partition raises, so both flavours refuse such an event alike.
CREATE OR REPLACE FUNCTION refuse_dropped_days() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    refused date;
BEGIN
    SELECT day INTO refused
    FROM dropped_days
    WHERE day IN (SELECT (bucket AT TIME ZONE 'UTC')::date FROM marked)
    LIMIT 1;
    IF NOT FOUND THEN
        SELECT day INTO refused
        FROM dropped_site_days
        WHERE (website_id, day) IN (SELECT website_id, (bucket AT TIME ZONE 'UTC')::date FROM marked)
        LIMIT 1;
    END IF;
    IF FOUND THEN
        RAISE EXCEPTION 'events of %: the day was dropped by retention', refused USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;

-- Remove the raw events that websites keep for fewer days than the installation. CALL it in autocommit, after
-- keep_house, whose rules are these: a day goes when it is that old, nothing in it was received since, and all of it
-- is rolled up. First the day is closed to writers, then its events go hour by hour.
CREATE PROCEDURE keep_websites(installation_days integer) LANGUAGE plpgsql AS $$
DECLARE
    today date := (now() AT TIME ZONE 'UTC')::date;
    kept record;
    since timestamptz;
    until timestamptz;
BEGIN
    FOR kept IN
        SELECT w.website_id, d.day, now() - make_interval(days => w.retention_days) AS receiving
        FROM websites w
        CROSS JOIN (SELECT day FROM event_days() day) d
        WHERE w.retention_days < installation_days
            AND d.day < today - w.retention_days
            AND NOT is_lost(w.website_id, d.day::timestamp AT TIME ZONE 'UTC')
        ORDER BY d.day, w.website_id
    LOOP
        since := kept.day::timestamp AT TIME ZONE 'UTC';
        until := (kept.day + 1)::timestamp AT TIME ZONE 'UTC';
        -- A day that never had an event may still be imported. Looked at twice, so that writers wait only when the
        -- day will most likely go.
        CONTINUE WHEN NOT EXISTS (
            SELECT FROM events WHERE website_id = kept.website_id AND "timestamp" >= since AND "timestamp" < until
        ) OR EXISTS (
            SELECT FROM events
            WHERE website_id = kept.website_id AND "timestamp" >= since AND "timestamp" < until
                AND received_at >= kept.receiving
        );
        SET LOCAL lock_timeout = '3s';
        LOCK TABLE ONLY events IN SHARE ROW EXCLUSIVE MODE;
        LOCK TABLE rollup_dirty IN SHARE ROW EXCLUSIVE MODE;
        INSERT INTO dropped_site_days (website_id, day)
        SELECT kept.website_id, kept.day
        WHERE NOT EXISTS (
            SELECT FROM events
            WHERE website_id = kept.website_id AND "timestamp" >= since AND "timestamp" < until
                AND received_at >= kept.receiving
        ) AND NOT EXISTS (
            SELECT FROM rollup_dirty WHERE website_id = kept.website_id AND bucket >= since AND bucket < until
        );
        COMMIT;
    END LOOP;

    FOR kept IN SELECT website_id, day FROM dropped_site_days WHERE NOT is_empty ORDER BY day, website_id LOOP
        FOR hour IN 0 .. 23 LOOP
            -- Old events may have to be unpacked. PostgreSQL alone takes the setting for one of somebody else.
            PERFORM set_config('timescaledb.max_tuples_decompressed_per_dml_transaction', '0', true);
            since := kept.day::timestamp AT TIME ZONE 'UTC' + make_interval(hours => hour);
            DELETE FROM events
            WHERE website_id = kept.website_id
                AND "timestamp" >= since
                AND "timestamp" < since + INTERVAL '1 hour';
            COMMIT;
        END LOOP;
        -- What filters on events answered is not kept beyond the events.
        PERFORM count_rollup_change(kept.website_id);
        UPDATE dropped_site_days SET is_empty = true WHERE website_id = kept.website_id AND day = kept.day;
        COMMIT;
    END LOOP;
END
$$;
