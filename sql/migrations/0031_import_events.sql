-- Importing what was exported: events whole, as they were stored.

-- Have every event of these sessions in [since, until) name the earliest start that one of them knows, and the attributes
-- that came with it: of a session that a late event moved, files of before and of after may be imported (SPEC R19).
CREATE FUNCTION align_sessions(of_website text, sessions bigint[], since timestamptz, until timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    split bigint[];
    touched timestamptz[];
BEGIN
    split := ARRAY(
        SELECT session_hash
        FROM events
        WHERE website_id = of_website
            AND "timestamp" >= since
            AND "timestamp" < until
            AND session_hash = ANY (sessions)
        GROUP BY session_hash
        HAVING min(session_started_at) < max(session_started_at)
    );
    IF split = '{}' THEN
        RETURN;
    END IF;
    WITH firsts AS MATERIALIZED (
        SELECT DISTINCT ON (session_hash)
            session_hash, session_started_at,
            hostname, referrer, source, channel, rules_version, utm_source, utm_medium, utm_campaign, utm_term,
            utm_content, country, region, city, city_geoname_id, continent, browser, browser_version, os, os_version,
            device, screen, language
        FROM events
        WHERE website_id = of_website AND "timestamp" >= since AND "timestamp" < until AND session_hash = ANY (split)
        ORDER BY session_hash, session_started_at, "timestamp", arrival
    ), outdated AS MATERIALIZED (
        SELECT e."timestamp" AS happened, e.session_started_at AS began
        FROM events e
        JOIN firsts f USING (session_hash)
        WHERE e.website_id = of_website
            AND e."timestamp" >= since
            AND e."timestamp" < until
            -- Told twice: the planner takes a loop over all events, and hashes this.
            AND e.session_hash = ANY (split)
            AND e.session_started_at > f.session_started_at
    ), moved AS (
        UPDATE events e
        SET session_started_at = f.session_started_at,
            hostname = f.hostname,
            referrer = f.referrer,
            source = f.source,
            channel = f.channel,
            rules_version = f.rules_version,
            utm_source = f.utm_source,
            utm_medium = f.utm_medium,
            utm_campaign = f.utm_campaign,
            utm_term = f.utm_term,
            utm_content = f.utm_content,
            country = f.country,
            region = f.region,
            city = f.city,
            city_geoname_id = f.city_geoname_id,
            continent = f.continent,
            browser = f.browser,
            browser_version = f.browser_version,
            os = f.os,
            os_version = f.os_version,
            device = f.device,
            screen = f.screen,
            language = f.language
        FROM firsts f
        WHERE e.website_id = of_website
            AND e."timestamp" >= since
            AND e."timestamp" < until
            AND e.session_hash = f.session_hash
            AND e.session_hash = ANY (split)
            AND e.session_started_at > f.session_started_at
    )
    SELECT array_agg(happened) || array_agg(DISTINCT began) INTO touched FROM outdated;
    CALL mark_moments(of_website, touched);
END
$$;

-- Add the events of one UTC day, rows of `events` in JSON, to a website; how many were not there, NULL for a website that
-- is not. An event is there when one of its id is at its time. `ids` are those received within eight days, with the
-- bucket and key that a client's id has in `event_seen`: where a key is known, its event may be there at another time,
-- that of a retry. `sessions_since` is no later than the first event of a session that has events here. Days must have
-- been made ready; raises check_violation for a day that retention has dropped.
CREATE FUNCTION import_events(
    of_website text, sent json, ids uuid[], buckets date[], keys uuid[], sessions_since timestamptz
) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    since timestamptz;
    until timestamptz;
    known uuid[];
    added integer;
    touched timestamptz[];
    sessions bigint[];
BEGIN
    -- One at a time, so that none looks for what another is about to add.
    PERFORM pg_advisory_xact_lock(7270030, hashtext(of_website));
    -- Whoever deletes the website waits, and then finds these events.
    PERFORM FROM websites WHERE website_id = of_website FOR KEY SHARE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    SELECT min(s."timestamp"), max(s."timestamp")
    INTO since, until
    FROM json_to_recordset(sent) AS s ("timestamp" timestamptz);

    -- In the order of the worker, so that neither waits for the other in a circle.
    WITH claimed AS (
        INSERT INTO event_seen (bucket, key)
        SELECT r.bucket, r.key FROM unnest(buckets, keys) AS r (bucket, key)
        ORDER BY 1, 2
        ON CONFLICT DO NOTHING
        RETURNING bucket, key
    )
    SELECT array_agg(r.id) INTO known
    FROM unnest(ids, buckets, keys) AS r (id, bucket, key)
    WHERE (r.bucket, r.key) NOT IN (SELECT c.bucket, c.key FROM claimed c);

    WITH rows AS MATERIALIZED (
        SELECT
            "timestamp", received_at, session_started_at, visitor_hash, session_hash, arrival, engaged_ms,
            city_geoname_id, scroll_depth, rules_version, interactive, is_bot, is_persistent, is_new_user, id,
            website_id, visitor_id, session_id, event_type, page, title, hostname, referrer, source, channel,
            utm_source, utm_medium, utm_campaign, utm_term, utm_content, country, region, city, continent, browser,
            browser_version, os, os_version, device, screen, language, bot_category, bot_reasons, user_agent,
            revenue_currency, revenue_amount, performance, properties
        FROM json_populate_recordset(NULL::events, sent)
    ), present AS MATERIALIZED (
        SELECT e."timestamp" AS happened, e.id
        FROM events e
        WHERE e.website_id = of_website AND e."timestamp" >= since AND e."timestamp" <= until
    ), elsewhere AS MATERIALIZED (
        SELECT e.id
        FROM events e
        WHERE known IS NOT NULL
            AND e.website_id = of_website
            AND e."timestamp" >= since - INTERVAL '8 days'
            AND e."timestamp" <= until + INTERVAL '8 days'
            AND e.id = ANY (known)
    ), written AS (
        INSERT INTO events (
            "timestamp", received_at, session_started_at, visitor_hash, session_hash, arrival, engaged_ms,
            city_geoname_id, scroll_depth, rules_version, interactive, is_bot, is_persistent, is_new_user, id,
            website_id, visitor_id, session_id, event_type, page, title, hostname, referrer, source, channel,
            utm_source, utm_medium, utm_campaign, utm_term, utm_content, country, region, city, continent, browser,
            browser_version, os, os_version, device, screen, language, bot_category, bot_reasons, user_agent,
            revenue_currency, revenue_amount, performance, properties
        )
        SELECT
            "timestamp", received_at, session_started_at, visitor_hash, session_hash, arrival, engaged_ms,
            city_geoname_id, scroll_depth, rules_version, interactive, is_bot, is_persistent, is_new_user, id,
            website_id, visitor_id, session_id, event_type, page, title, hostname, referrer, source, channel,
            utm_source, utm_medium, utm_campaign, utm_term, utm_content, country, region, city, continent, browser,
            browser_version, os, os_version, device, screen, language, bot_category, bot_reasons, user_agent,
            revenue_currency, revenue_amount, performance, properties
        FROM rows r
        -- Hashed whatever the planner expects of a list that it cannot look into.
        WHERE (r."timestamp", r.id) NOT IN (SELECT p.happened, p.id FROM present p)
            AND r.id NOT IN (SELECT l.id FROM elsewhere l)
        RETURNING "timestamp" AS happened, session_hash
    )
    SELECT
        count(*),
        array_agg(DISTINCT date_bin('15 minutes', happened, '1970-01-01 00:00:00+00')),
        array_agg(DISTINCT session_hash)
    INTO added, touched, sessions
    FROM written;

    IF added > 0 THEN
        INSERT INTO rollup_dirty (website_id, bucket) SELECT of_website, bucket FROM unnest(touched) AS bucket;
        INSERT INTO imported_days (website_id, day)
        VALUES (of_website, (since AT TIME ZONE 'UTC')::date)
        ON CONFLICT (website_id, day) DO UPDATE SET imported_at = excluded.imported_at;
        -- Old rows may have to be unpacked. PostgreSQL alone takes the setting for one of somebody else.
        PERFORM set_config('timescaledb.max_tuples_decompressed_per_dml_transaction', '0', true);
        -- A session lasts for a day; what belongs to one that has ended may lie a little behind it.
        PERFORM align_sessions(of_website, sessions, sessions_since, until + INTERVAL '48 hours');
    END IF;
    RETURN added;
END
$$;
