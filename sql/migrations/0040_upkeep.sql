-- What else is kept for a time alone, and when rollups were last brought up to date.

CREATE INDEX dead_letter_died_at ON dead_letter (died_at);

-- When rollup_refresh was last done; read by the detailed health report. One row, written every second in place.
CREATE TABLE last_refresh (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    done_at timestamptz NOT NULL
) WITH (fillfactor = 50);

-- Let go of what nobody asks for any more: dead letters of more than 30 days, and versions of days that changed long
-- ago. CALL it in autocommit: it commits as it goes, and may be called again at any time.
--
-- A version that goes takes kept answers of the day with it, no more: a row that is made anew begins at the microsecond
-- of that moment, so that sums never come back. A late import pays the same.
CREATE PROCEDURE keep_books() LANGUAGE plpgsql AS $$
BEGIN
    LOOP
        DELETE FROM dead_letter WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM dead_letter WHERE died_at < now() - INTERVAL '30 days' LIMIT 1000
        ));
        EXIT WHEN NOT FOUND;
        COMMIT;
    END LOOP;
    LOOP
        DELETE FROM data_versions WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM data_versions WHERE day < (now() AT TIME ZONE 'UTC')::date - 40 LIMIT 10000
        ));
        EXIT WHEN NOT FOUND;
        COMMIT;
    END LOOP;
END
$$;
