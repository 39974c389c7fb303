-- The session has just been used.
UPDATE user_sessions
SET last_used_at = greatest(last_used_at, %(now)s)
WHERE digest = %(digest)s
RETURNING digest
