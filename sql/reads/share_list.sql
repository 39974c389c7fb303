-- One page of a website's share links, the oldest first, and how many there are.
SELECT everything.total, page.*
FROM (SELECT count(*) AS total FROM shares WHERE website_id = %(website_id)s) everything
LEFT JOIN LATERAL (
    SELECT share_id, website_id, name, signing_key, password_hash, filters, expires_at, created_at
    FROM shares
    WHERE website_id = %(website_id)s
    ORDER BY created_at, share_id
    LIMIT %(limit)s OFFSET %(offset)s
) page ON true
