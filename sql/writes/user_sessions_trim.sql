-- Forget sessions that have ended, of everybody, and those of one user beyond the newest `limit`.
DELETE FROM user_sessions
WHERE last_used_at <= %(unused_since)s
    OR created_at <= %(created_since)s
    OR digest IN (
        SELECT digest FROM user_sessions WHERE user_id = %(user_id)s ORDER BY created_at DESC, digest OFFSET %(limit)s
    )
RETURNING digest
