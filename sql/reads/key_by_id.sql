-- What is kept of a key, to check one by.
SELECT key_id, website_id, digest, scopes, expires_at, last_used_at
FROM api_keys
WHERE key_id = %(key_id)s
