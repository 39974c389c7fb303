-- Events in partitions of one UTC day, made ahead by keep_house and on demand by the worker. Exactly
-- one index: each further one costs as much as all of the worker's own time.
CREATE TABLE events (LIKE events_template) PARTITION BY RANGE ("timestamp");
DROP TABLE events_template;
CREATE INDEX events_site_time ON events (website_id, "timestamp" DESC);

-- Make the partitions of the days from `first` to `last`, both included; those that exist and those
-- that retention has dropped are left alone. Call it on its own, before the transaction that needs the
-- days: attaching is done under a lock that writers and readers do not wait for.
CREATE FUNCTION ensure_days(first date, last date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    day date;
    partition text;
BEGIN
    PERFORM pg_advisory_xact_lock(7270001);
    FOR day IN
        SELECT d::date FROM generate_series(first::timestamp, last::timestamp, INTERVAL '1 day') d
        WHERE NOT EXISTS (SELECT FROM dropped_days WHERE dropped_days.day = d::date)
    LOOP
        partition := 'events_' || to_char(day, 'YYYYMMDD');
        CONTINUE WHEN to_regclass(quote_ident(partition)) IS NOT NULL;
        EXECUTE format('CREATE TABLE %I (LIKE events INCLUDING ALL)', partition);
        EXECUTE format(
            'ALTER TABLE events ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
            partition, day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC'
        );
    END LOOP;
END
$$;

-- UTC days that have raw events, or room for them.
CREATE FUNCTION event_days() RETURNS SETOF date LANGUAGE sql STABLE AS $$
    SELECT to_date(right(inhrelid::regclass::text, 8), 'YYYYMMDD')
    FROM pg_inherits
    WHERE inhparent = 'events'::regclass
$$;

CREATE FUNCTION drop_events_of(day date) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('DROP TABLE %I', 'events_' || to_char(day, 'YYYYMMDD'));
END
$$;
