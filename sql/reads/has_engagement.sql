-- Whether the website sent any engagement in the buckets that the range touches.
SELECT EXISTS (
    SELECT
    FROM session_facts_between(%(since)s, %(until)s)
    WHERE website_id = %(website_id)s
        AND engaged_ms > 0
) AS has_engagement
