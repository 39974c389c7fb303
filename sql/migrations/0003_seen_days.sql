-- Make the day partitions of event_seen from `first` to `last`, both included. Safe to call from many
-- connections; call it on its own, before the transaction that needs the days.
CREATE FUNCTION ensure_seen_days(first date, last date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    day date;
    partition text;
BEGIN
    PERFORM pg_advisory_xact_lock(7270002);
    FOR day IN SELECT d::date FROM generate_series(first::timestamp, last::timestamp, INTERVAL '1 day') d LOOP
        partition := 'event_seen_' || to_char(day, 'YYYYMMDD');
        CONTINUE WHEN to_regclass(quote_ident(partition)) IS NOT NULL;
        EXECUTE format('CREATE TABLE %I (LIKE event_seen INCLUDING ALL)', partition);
        EXECUTE format('ALTER TABLE event_seen ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', partition, day, day + 1);
    END LOOP;
END
$$;

-- Days that have a partition; the two that stand for no day are not among them.
CREATE FUNCTION seen_days() RETURNS SETOF date LANGUAGE sql STABLE AS $$
    SELECT to_date(right(inhrelid::regclass::text, 8), 'YYYYMMDD')
    FROM pg_inherits
    WHERE inhparent = 'event_seen'::regclass AND inhrelid::regclass::text ~ '_[0-9]{8}$'
$$;
