-- Campaigns are counted as well: the list of what is counted left them out, so that the overview of whole days had none.

-- Count the change. One caller at a time: the lock 7270003 is held.
CREATE OR REPLACE PROCEDURE values_recount(was session_row[], becomes session_row[], until timestamptz DEFAULT 'infinity')
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
            FROM value_changes(
                was, becomes,
                -- Of somebody who came by a campaign: who did not is listed under none.
                ARRAY(
                    SELECT v.dimension
                    FROM values_of(jsonb_populate_record(NULL::session_attributes, '{"utm_source": ""}')) v
                ),
                '-infinity', until
            ) c
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

-- All websites are counted anew, a few hours of one at every refresh; until then their sessions are looked at.
DELETE FROM rollup_zones;
