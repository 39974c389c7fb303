-- The second wall: a role that can only read, and one website at a time. Whoever reads a report takes the role and
-- names the website; every relation that tells websites apart then is a view of the rows of that one. Row security
-- would do the same, but TimescaleDB has none on compressed hypertables and continuous aggregates.
DO $$
BEGIN
    IF to_regrole('analytics_read') IS NULL THEN
        CREATE ROLE analytics_read NOLOGIN;
    END IF;
    IF NOT pg_has_role(current_user, 'analytics_read', 'SET') THEN
        EXECUTE format('GRANT analytics_read TO %I', current_user);
    END IF;
EXCEPTION
    -- Two databases of one server are migrated at once, and the other one made it; or the owner may make no roles:
    -- then reports are read without this wall, and what migrates says so.
    WHEN duplicate_object OR unique_violation OR insufficient_privilege THEN
        NULL;
END
$$;

-- Make the views anew for every relation there is now; without the role, nothing. A migration that drops or
-- changes a column begins with DROP SCHEMA IF EXISTS pinned CASCADE; what migrates calls this at its end.
CREATE FUNCTION pin_relations() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    home text := current_schema;
    name text;
BEGIN
    IF to_regrole('analytics_read') IS NULL
        OR NOT pg_has_role(current_user, 'analytics_read', 'SET')
        OR NOT has_database_privilege(current_database(), 'CREATE')
    THEN
        RETURN;
    END IF;
    CREATE SCHEMA IF NOT EXISTS pinned;
    FOR name IN
        SELECT c.relname
        FROM pg_class c
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'website_id' AND NOT a.attisdropped
        WHERE c.relnamespace = home::regnamespace
            AND c.relkind IN ('r', 'p', 'v')
            AND NOT c.relispartition
            -- No report reads them, and most hold what opens something, or who somebody is.
            AND c.relname NOT IN ('api_keys', 'dead_letter', 'event_removals', 'shares', 'user_websites')
    LOOP
        EXECUTE format(
            'CREATE OR REPLACE VIEW pinned.%I AS'
            ' SELECT * FROM %I.%I WHERE website_id = current_setting(''app.website_id'', true)',
            name, home, name
        );
        EXECUTE format('GRANT SELECT ON pinned.%I TO analytics_read', name);
    END LOOP;
    GRANT USAGE ON SCHEMA pinned TO analytics_read;
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO analytics_read', home);
    GRANT SELECT ON dropped_days TO analytics_read;
END
$$;

-- From here to the end of the transaction nothing but the website can be read, and nothing written; whether the
-- wall stands.
CREATE FUNCTION pin_website(of_website text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF to_regnamespace('pinned') IS NULL THEN
        RETURN false;
    END IF;
    PERFORM set_config('search_path', 'pinned, ' || quote_ident(current_schema), true);
    PERFORM set_config('app.website_id', of_website, true);
    -- TimescaleDB 2.29 fails on a DISTINCT whose website is told twice: "unsupported subplan type for SkipScan".
    -- PostgreSQL alone takes the setting for one of somebody else.
    PERFORM set_config('timescaledb.enable_skipscan', 'off', true);
    PERFORM set_config('role', 'analytics_read', true);
    RETURN true;
END
$$;
