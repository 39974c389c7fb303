-- The signed-in browser of this digest and its user, while that is not disabled.
SELECT
    s.created_at AS signed_in_at, s.last_used_at,
    u.user_id, u.email, u.name, u.role, u.websites, u.is_disabled, u.created_at
FROM user_sessions s
JOIN users_with_websites u ON u.user_id = s.user_id
WHERE s.digest = %(digest)s AND NOT u.is_disabled
