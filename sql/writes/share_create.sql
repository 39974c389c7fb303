-- A new share link; no row when its website has as many as it may.
INSERT INTO shares (
    share_id, website_id, name, digest, signing_key, password_hash, filters, expires_at, created_at
)
SELECT
    %(share_id)s, %(website_id)s, %(name)s, %(digest)s, %(signing_key)s, %(password_hash)s, %(filters)s,
    %(expires_at)s, %(now)s
WHERE (SELECT count(*) FROM shares WHERE website_id = %(website_id)s) < %(limit)s
RETURNING share_id, website_id, name, signing_key, password_hash, filters, expires_at, created_at
