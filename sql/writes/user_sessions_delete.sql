-- Sign every browser of a user out.
DELETE FROM user_sessions
WHERE user_id = %(user_id)s
RETURNING digest
