-- One page of the users by e-mail address, and how many there are.
SELECT everything.total, page.*
FROM (SELECT count(*) AS total FROM users) everything
LEFT JOIN LATERAL (
    SELECT user_id, email, name, role, websites, is_disabled, created_at
    FROM users_with_websites
    ORDER BY email COLLATE "C"
    LIMIT %(limit)s OFFSET %(offset)s
) page ON true
