-- Make what will be needed, drop what has served. CALL it in autocommit: it commits as it goes, and may
-- be called again at any time. Raw events of a UTC day go when the day is older than `retention_days` and
-- nothing in it was received within `retention_days`, so that an import of old logs stays as long as
-- anything else; the day's rollups stay for good.
CREATE PROCEDURE keep_house(retention_days integer) LANGUAGE plpgsql AS $$
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
        CONTINUE WHEN EXISTS (
            SELECT FROM events WHERE "timestamp" >= since AND "timestamp" < until AND received_at >= receiving
        );
        SET LOCAL lock_timeout = '3s';
        LOCK TABLE ONLY events IN SHARE ROW EXCLUSIVE MODE;
        LOCK TABLE rollup_dirty IN SHARE ROW EXCLUSIVE MODE;
        IF NOT EXISTS (
            SELECT FROM events WHERE "timestamp" >= since AND "timestamp" < until AND received_at >= receiving
        ) AND NOT EXISTS (
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
