-- One page of a website's keys, the oldest first, and how many there are.
SELECT everything.total, page.*
FROM (SELECT count(*) AS total FROM api_keys WHERE website_id = %(website_id)s) everything
LEFT JOIN LATERAL (
    SELECT key_id, website_id, name, scopes, expires_at, created_at, last_used_at
    FROM api_keys
    WHERE website_id = %(website_id)s
    ORDER BY created_at, key_id
    LIMIT %(limit)s OFFSET %(offset)s
) page ON true
