-- How often the events of a website's UTC day have changed: what an answer that is kept is valid for. Counted
-- where every writer marks its buckets, so whoever changes events, and however, changes this in the same
-- transaction.
CREATE TABLE data_versions (
    website_id text NOT NULL,
    day date NOT NULL,
    -- The server process of the writer: no two transactions at work share a row, and none waits for another.
    writer integer NOT NULL,
    -- Counted from the microsecond of the first: rows that were deleted and made anew never add up to what was.
    changes bigint NOT NULL DEFAULT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
    PRIMARY KEY (website_id, day, writer)
-- Room to count on in place, without touching the index.
) WITH (fillfactor = 50);

CREATE FUNCTION count_data_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO data_versions AS v (website_id, day, writer)
    SELECT DISTINCT website_id, (bucket AT TIME ZONE 'UTC')::date, pg_backend_pid()
    FROM marked
    ON CONFLICT (website_id, day, writer) DO UPDATE SET changes = v.changes + 1;
    RETURN NULL;
END
$$;
CREATE TRIGGER rollup_dirty_count_data_changes
AFTER INSERT ON rollup_dirty REFERENCING NEW TABLE AS marked
FOR EACH STATEMENT EXECUTE FUNCTION count_data_changes();

-- For who changes rollups and marks no bucket: counts for every range.
CREATE FUNCTION count_rollup_change(of_website text) RETURNS void LANGUAGE sql AS $$
    INSERT INTO data_versions AS v (website_id, day, writer)
    VALUES (of_website, '-infinity', pg_backend_pid())
    ON CONFLICT (website_id, day, writer) DO UPDATE SET changes = v.changes + 1
$$;
