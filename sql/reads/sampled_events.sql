-- Events of a sample that filters pick, together by session and visitor, with what is told by the sessions' rows. It is
-- no join: of the two sides no more is known than that, and a join compared each with each.
SELECT {names}visitor_hash, session_hash, pageviews, custom_events
FROM (
    SELECT {any_names}visitor_hash, session_hash, sum(pageviews) AS pageviews, sum(custom_events) AS custom_events
    FROM (
        SELECT {of_sessions}visitor_hash, session_hash, 0 AS pageviews, 0 AS custom_events, false AS is_event
        FROM session_facts_between({first_bucket}, {last_bucket})
        WHERE website_id = {website_id}
            {rows}
        UNION ALL
        SELECT {of_events}{hits}, true
        FROM events
        WHERE website_id = {website_id}
            AND "timestamp" >= {since}
            AND "timestamp" < {until}
            {sample}
            {events}
    ) told
    GROUP BY session_hash, visitor_hash
    HAVING bool_or(is_event) AND NOT bool_and(is_event)
) happened
