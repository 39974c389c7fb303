-- Another password, or the same one hashed anew; no row when it is not `before` any more.
UPDATE users
SET password_hash = %(password_hash)s
WHERE user_id = %(user_id)s AND (%(before)s::text IS NULL OR password_hash = %(before)s)
RETURNING user_id
