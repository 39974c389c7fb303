-- Forget a user with all sessions; no row when there is none.
DELETE FROM users
WHERE user_id = %(user_id)s
RETURNING user_id
