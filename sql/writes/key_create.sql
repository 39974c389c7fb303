-- A new key; no row when its website has as many as it may.
INSERT INTO api_keys (key_id, website_id, name, digest, scopes, expires_at, created_at)
SELECT
    %(key_id)s, %(website_id)s, %(name)s, %(digest)s, %(scopes)s, %(expires_at)s, %(now)s
WHERE (SELECT count(*) FROM api_keys WHERE website_id = %(website_id)s) < %(limit)s
RETURNING key_id, website_id, name, scopes, expires_at, created_at, last_used_at
