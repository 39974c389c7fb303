-- Importing what was exported.

-- UTC days that a website's events were imported into. What retention goes by is when an event was received; one that is
-- moved keeps the time at which it was received elsewhere, and is as new here as what arrives today.
CREATE TABLE imported_days (
    website_id text NOT NULL,
    day date NOT NULL,
    imported_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (website_id, day)
);

-- Whether an event of the UTC day was received, or imported, at the moment or later: of one website, or of any for NULL.
CREATE FUNCTION is_received_since(of_website text, of_day date, moment timestamptz) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
DECLARE
    since timestamptz := of_day::timestamp AT TIME ZONE 'UTC';
    until timestamptz := (of_day + 1)::timestamp AT TIME ZONE 'UTC';
BEGIN
    RETURN EXISTS (
        SELECT FROM imported_days
        WHERE day = of_day AND imported_at >= moment AND (of_website IS NULL OR website_id = of_website)
    ) OR EXISTS (
        SELECT FROM events
        WHERE "timestamp" >= since AND "timestamp" < until AND received_at >= moment
            AND (of_website IS NULL OR website_id = of_website)
    );
END
$$;

-- As before, and what was imported counts as received.
CREATE OR REPLACE PROCEDURE keep_house(retention_days integer) LANGUAGE plpgsql AS $$
DECLARE
    today date := (now() AT TIME ZONE 'UTC')::date;
    receiving timestamptz := now() - make_interval(days => retention_days);
    days date[];
    old_day date;
    since timestamptz;
    until timestamptz;
BEGIN
    IF retention_days < 8 THEN
        RAISE EXCEPTION 'keep_house: retention_days must be 8 or more' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM ensure_days(today - 1, today + 7);
    PERFORM ensure_seen_days(today - 9, today + 8);
    COMMIT;

    FOREACH old_day IN ARRAY ARRAY(SELECT d FROM seen_days() d WHERE d < today - 9 ORDER BY d) LOOP
        -- Dropping waits for whoever uses the table, and all others wait behind it: not for long.
        SET LOCAL lock_timeout = '3s';
        EXECUTE format('DROP TABLE %I', 'event_seen_' || to_char(old_day, 'YYYYMMDD'));
        COMMIT;
    END LOOP;

    LOOP
        DELETE FROM event_seen_any WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM event_seen_any WHERE seen_at < now() - INTERVAL '8 days' LIMIT 10000
        ));
        EXIT WHEN NOT FOUND;
        COMMIT;
    END LOOP;
    LOOP
        -- Measured from the newest entry as well: after a stop of days, entries that were written but not
        -- acknowledged are still to come again.
        DELETE FROM ingest_ledger WHERE ctid = ANY (ARRAY(
            SELECT l.ctid
            FROM (SELECT partition, max(entry_ms) AS newest_ms FROM ingest_ledger GROUP BY partition) p
            JOIN ingest_ledger l ON l.partition = p.partition AND l.entry_ms < p.newest_ms - 172800000
            WHERE l.consumed_at < now() - INTERVAL '2 days'
            LIMIT 10000
        ));
        EXIT WHEN NOT FOUND;
        COMMIT;
    END LOOP;
    COMMIT;

    days := ARRAY(SELECT d FROM event_days() d WHERE d < today - retention_days ORDER BY d);
    FOREACH old_day IN ARRAY days LOOP
        since := old_day::timestamp AT TIME ZONE 'UTC';
        until := (old_day + 1)::timestamp AT TIME ZONE 'UTC';
        -- Looked at twice, so that writers wait only when the day will most likely go.
        CONTINUE WHEN is_received_since(NULL, old_day, receiving);
        SET LOCAL lock_timeout = '3s';
        LOCK TABLE ONLY events IN SHARE ROW EXCLUSIVE MODE;
        LOCK TABLE rollup_dirty IN SHARE ROW EXCLUSIVE MODE;
        IF NOT is_received_since(NULL, old_day, receiving) AND NOT EXISTS (
            SELECT FROM rollup_dirty WHERE bucket >= since AND bucket < until
        ) THEN
            -- A day that never had an event may still be imported.
            IF EXISTS (SELECT FROM events WHERE "timestamp" >= since AND "timestamp" < until) THEN
                INSERT INTO dropped_days VALUES (old_day) ON CONFLICT DO NOTHING;
            END IF;
            PERFORM drop_events_of(old_day);
        END IF;
        COMMIT;
    END LOOP;
END
$$;

-- As before, and what was imported counts as received.
CREATE OR REPLACE PROCEDURE keep_websites(installation_days integer) LANGUAGE plpgsql AS $$
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
        ) OR is_received_since(kept.website_id, kept.day, kept.receiving);
        SET LOCAL lock_timeout = '3s';
        LOCK TABLE ONLY events IN SHARE ROW EXCLUSIVE MODE;
        LOCK TABLE rollup_dirty IN SHARE ROW EXCLUSIVE MODE;
        INSERT INTO dropped_site_days (website_id, day)
        SELECT kept.website_id, kept.day
        WHERE NOT is_received_since(kept.website_id, kept.day, kept.receiving) AND NOT EXISTS (
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
