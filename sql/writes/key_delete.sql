-- Revoke a key; no row when there is none.
DELETE FROM api_keys
WHERE key_id = %(key_id)s AND (%(website_id)s::text IS NULL OR website_id = %(website_id)s)
RETURNING key_id
