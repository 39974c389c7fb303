-- The set-up link has done its work.
DELETE FROM setup_link
RETURNING expires_at
