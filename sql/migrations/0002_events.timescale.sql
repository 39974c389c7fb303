-- Events in chunks of one UTC day. Exactly one index: each further one costs as much as all of the
-- worker's own time. The columnstore is ordered by visitor, so that a slice of visitors reads little.
CREATE TABLE events (LIKE events_template);
DROP TABLE events_template;
SELECT create_hypertable('events', by_range('timestamp', INTERVAL '1 day'), create_default_indexes => false);
CREATE INDEX events_site_time ON events (website_id, "timestamp" DESC);
ALTER TABLE events SET (
    timescaledb.enable_columnstore,
    timescaledb.segmentby = 'website_id',
    timescaledb.orderby = 'visitor_hash, "timestamp"'
);
CALL add_columnstore_policy('events', after => INTERVAL '2 days');

-- Chunks come into being by themselves.
CREATE FUNCTION ensure_days(first date, last date) RETURNS void LANGUAGE sql AS '';

-- UTC days that have raw events.
CREATE FUNCTION event_days() RETURNS SETOF date LANGUAGE sql STABLE AS $$
    SELECT (range_start AT TIME ZONE 'UTC')::date
    FROM timescaledb_information.chunks
    WHERE hypertable_schema = current_schema AND hypertable_name = 'events'
$$;

CREATE FUNCTION drop_events_of(day date) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM drop_chunks(
        'events',
        newer_than => day::timestamp AT TIME ZONE 'UTC',
        older_than => (day + 1)::timestamp AT TIME ZONE 'UTC'
    );
END
$$;
