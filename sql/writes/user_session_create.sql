-- A browser that has just signed in.
INSERT INTO user_sessions (digest, user_id, created_at, last_used_at)
SELECT %(digest)s, user_id, %(now)s, %(now)s FROM users WHERE user_id = %(user_id)s AND NOT is_disabled
RETURNING digest
