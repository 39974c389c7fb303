-- Every key that still holds.
SELECT key_id, website_id, digest, scopes, expires_at
FROM api_keys
WHERE expires_at IS NULL OR expires_at > %(now)s
ORDER BY key_id
