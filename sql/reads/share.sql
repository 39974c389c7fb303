-- The share link of this token or this id.
SELECT share_id, website_id, name, signing_key, password_hash, filters, expires_at, created_at
FROM shares
WHERE digest = %(digest)s OR share_id = %(share_id)s
