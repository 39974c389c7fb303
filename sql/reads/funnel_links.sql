-- Visitor ids that share a session: the ids of one person on two sides of a midnight (SPEC R12, R74).
SELECT session_hash, array_agg(visitor_hash) AS visitors
FROM (
    SELECT session_hash, visitor_hash
    FROM session_facts_between({since}, {until})
    WHERE website_id = {website_id}
        {sample}
    GROUP BY session_hash, visitor_hash
) seen
GROUP BY session_hash
HAVING count(*) > 1
