-- A new set-up link in place of any; no row when somebody can sign in already, or, unless it is `forced`, when
-- one that holds has been printed.
INSERT INTO setup_link (digest, expires_at)
SELECT %(digest)s, %(expires_at)s
WHERE NOT EXISTS (SELECT FROM users)
ON CONFLICT (is_only) DO UPDATE
SET digest = excluded.digest, expires_at = excluded.expires_at
WHERE %(forced)s OR setup_link.expires_at <= %(now)s
RETURNING expires_at
