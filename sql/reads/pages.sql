-- Pages (or titles, hostnames, sections): what happened on them in the range, and the sessions that
-- began or ended there. A session ends where its last page view is, also one after the range.
-- What adds up ranks the names; what must be told apart by visitor is counted for the names shown alone.
WITH {matched}
touches AS {kept} (
    SELECT {name} AS name, session_hash, session_started_at, visitor_hash, engaged_ms, scroll_depth,
        event_type = 'pageview' {view_conditions} AS is_view
    FROM events
    WHERE website_id = {website_id}
        AND "timestamp" >= {since}
        AND "timestamp" < {until}
        AND (event_type = 'pageview' OR coalesce(engaged_ms, scroll_depth) IS NOT NULL)
        {touch_conditions}
),
ends AS (
    SELECT
        {entry_name} AS entry_name,
        {exit_name} AS exit_name,
        session_started_at >= {since} AND session_started_at < {until} AS is_entry,
        exit_at >= {since} AND exit_at < {until} AS is_exit,
        pageviews < 2 AND interactive_events = 0 {unengaged} AS is_bounce
    FROM (
        SELECT
            any_value(hostname) AS hostname,
            min(session_started_at) AS session_started_at,
            (array_agg(entry_page ORDER BY entry_at) FILTER (WHERE entry_at IS NOT NULL))[1] AS entry_page,
            (array_agg(exit_page ORDER BY exit_at DESC) FILTER (WHERE exit_at IS NOT NULL))[1] AS exit_page,
            max(exit_at) AS exit_at,
            sum(pageviews) AS pageviews,
            sum(interactive_events) AS interactive_events,
            sum(engaged_ms) AS engaged_ms
        FROM session_facts_between({first_bucket}, {last_bucket})
        WHERE website_id = {website_id}
            {end_conditions}
        GROUP BY session_hash
        HAVING count(entry_at) > 0
            {begun}
    ) sessions
),
ranked AS (
    SELECT
        name,
        sum(views)::bigint AS views,
        sum(entries)::bigint AS entries,
        sum(exits)::bigint AS exits,
        round(100 * sum(bounces)::numeric / nullif(sum(entries), 0), 2) AS bounce_rate,
        least(round(100 * sum(exits)::numeric / nullif(sum(views), 0), 2), 100) AS exit_rate
    FROM (
        SELECT name, count(*) AS views, 0 AS entries, 0 AS bounces, 0 AS exits
        FROM touches
        WHERE is_view
        GROUP BY name
        UNION ALL
        SELECT entry_name, 0, count(*), count(*) FILTER (WHERE is_bounce), 0
        FROM ends
        WHERE is_entry
        GROUP BY entry_name
        UNION ALL
        SELECT exit_name, 0, 0, 0, count(*)
        FROM ends
        WHERE is_exit
        GROUP BY exit_name
    ) parts
    WHERE name IS NOT NULL
        {search}
    GROUP BY name
    HAVING sum({counted}) > 0
),
shown AS MATERIALIZED (
    SELECT ranked.*, row_number() OVER () AS number
    FROM (SELECT * FROM ranked {page_of_ranked}) ranked
),
touched AS MATERIALIZED (
    SELECT
        number,
        session_hash,
        visitor_hash,
        count(*) FILTER (WHERE is_view) AS views,
        sum(engaged_ms) AS engaged_ms,
        count(engaged_ms) AS engagements,
        max(scroll_depth) AS scroll_depth,
        min(session_started_at) >= {since} AS is_visit
    FROM touches
    JOIN shown USING (name)
    GROUP BY number, session_hash, visitor_hash
),
people AS (
    SELECT number, count(*) AS "unique"
    FROM (SELECT number FROM touched WHERE views > 0 GROUP BY number, visitor_hash) visitors
    GROUP BY number
),
visits AS (
    SELECT
        number,
        count(*) FILTER (WHERE views > 0 AND is_visit) AS sessions,
        round(sum(engaged_ms) / 1000 / nullif(count(*) FILTER (WHERE engagements > 0), 0))::bigint AS avg_time,
        round(avg(scroll_depth))::bigint AS scroll_depth
    FROM (
        SELECT number, sum(views) AS views, sum(engaged_ms) AS engaged_ms, sum(engagements) AS engagements,
            max(scroll_depth) AS scroll_depth, bool_and(is_visit) AS is_visit
        FROM touched
        GROUP BY number, session_hash
    ) sessions
    GROUP BY number
)
SELECT everything.total, page.*
FROM (SELECT count(*) AS total FROM ranked) everything
LEFT JOIN LATERAL (
    SELECT true AS is_row, name, views, coalesce("unique", 0) AS "unique", coalesce(sessions, 0) AS sessions,
        entries, exits, bounce_rate, exit_rate, avg_time, scroll_depth
    FROM shown
    LEFT JOIN people USING (number)
    LEFT JOIN visits USING (number)
    {page_of_shown}
) page ON true
