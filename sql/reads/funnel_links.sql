-- Visitor ids that share a session: the ids of one person on two sides of a midnight (SPEC R12, R74).
SELECT session_hash, visitor_hash
FROM session_facts
WHERE website_id = %(website_id)s
    AND bucket >= %(since)s
    AND bucket < %(until)s
    AND session_hash IN (
        SELECT session_hash
        FROM session_facts
        WHERE website_id = %(website_id)s
            AND bucket >= %(since)s
            AND bucket < %(until)s
        GROUP BY session_hash
        HAVING min(visitor_hash) <> max(visitor_hash)
    )
GROUP BY session_hash, visitor_hash
