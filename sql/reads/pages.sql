-- Pages (or titles, hostnames, sections): what happened on them in the range, and the sessions that
-- began or ended there. A session ends where its last page view is, also one after the range.
WITH {matched}
touched AS MATERIALIZED (
    SELECT
        {name} AS name,
        session_hash,
        visitor_hash,
        count(*) FILTER (WHERE is_view) AS views,
        sum(engaged_ms) AS engaged_ms,
        count(engaged_ms) AS engagements,
        max(scroll_depth) AS scroll_depth,
        min(session_started_at) >= {since} AS is_visit
    FROM (
        SELECT page, title, hostname, session_hash, session_started_at, visitor_hash, engaged_ms, scroll_depth,
            event_type = 'pageview' {view_conditions} AS is_view
        FROM events
        WHERE website_id = {website_id}
            AND "timestamp" >= {since}
            AND "timestamp" < {until}
            AND (event_type = 'pageview' OR coalesce(engaged_ms, scroll_depth) IS NOT NULL)
            {touch_conditions}
    ) events
    WHERE {name} IS NOT NULL
    GROUP BY {name}, session_hash, visitor_hash
),
ends AS (
    SELECT
        {entry_name} AS entry_name,
        {exit_name} AS exit_name,
        session_started_at >= {since} AND session_started_at < {until} AS is_entry,
        exit_at >= {since} AND exit_at < {until} AS is_exit,
        pageviews < 2 AND interactive_events = 0 AS is_bounce
    FROM (
        SELECT
            any_value(hostname) AS hostname,
            min(session_started_at) AS session_started_at,
            (array_agg(entry_page ORDER BY entry_at) FILTER (WHERE entry_at IS NOT NULL))[1] AS entry_page,
            (array_agg(exit_page ORDER BY exit_at DESC) FILTER (WHERE exit_at IS NOT NULL))[1] AS exit_page,
            max(exit_at) AS exit_at,
            sum(pageviews) AS pageviews,
            sum(interactive_events) AS interactive_events
        FROM session_facts
        WHERE website_id = {website_id}
            AND bucket >= {first_bucket}
            AND bucket < {last_bucket}
            {end_conditions}
        GROUP BY session_hash
        HAVING count(entry_at) > 0
    ) sessions
),
parts AS (
    SELECT name, 0 AS views, count(*) AS visitors, 0 AS sessions, 0 AS engaged_ms, 0 AS engaged, NULL::numeric AS scroll_depth,
        0 AS entries, 0 AS bounces, 0 AS exits
    FROM (SELECT name, visitor_hash FROM touched WHERE views > 0 GROUP BY name, visitor_hash) people
    GROUP BY name
    UNION ALL
    SELECT name, sum(views), 0, count(*) FILTER (WHERE views > 0 AND is_visit), sum(engaged_ms), count(*) FILTER (WHERE engagements > 0),
        avg(scroll_depth), 0, 0, 0
    FROM (
        SELECT name, session_hash, sum(views) AS views, sum(engaged_ms) AS engaged_ms,
            sum(engagements) AS engagements, max(scroll_depth) AS scroll_depth, bool_and(is_visit) AS is_visit
        FROM touched
        GROUP BY name, session_hash
    ) visits
    GROUP BY name
    UNION ALL
    SELECT entry_name, 0, 0, 0, 0, 0, NULL, count(*), count(*) FILTER (WHERE is_bounce), 0
    FROM ends
    WHERE is_entry AND entry_name IS NOT NULL
    GROUP BY entry_name
    UNION ALL
    SELECT exit_name, 0, 0, 0, 0, 0, NULL, 0, 0, count(*)
    FROM ends
    WHERE is_exit AND exit_name IS NOT NULL
    GROUP BY exit_name
),
rows AS (
    SELECT
        name,
        sum(views)::bigint AS views,
        sum(visitors)::bigint AS "unique",
        sum(sessions)::bigint AS sessions,
        sum(entries)::bigint AS entries,
        sum(exits)::bigint AS exits,
        round(100 * sum(bounces)::numeric / nullif(sum(entries), 0), 2) AS bounce_rate,
        least(round(100 * sum(exits)::numeric / nullif(sum(views), 0), 2), 100) AS exit_rate,
        round(sum(engaged_ms)::numeric / 1000 / nullif(sum(engaged), 0))::bigint AS avg_time,
        round(max(scroll_depth))::bigint AS scroll_depth
    FROM parts
    {search}
    GROUP BY name
    HAVING sum({counted}) > 0
)
SELECT everything.total, page.*
FROM (SELECT count(*) AS total FROM rows) everything
LEFT JOIN LATERAL (
    SELECT true AS is_row, rows.*
    FROM rows
    ORDER BY {order_by} name COLLATE "C"
    LIMIT {limit} OFFSET {offset}
) page ON true
