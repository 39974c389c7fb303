-- Revoke a share link; no row when there is none.
DELETE FROM shares
WHERE website_id = %(website_id)s AND share_id = %(share_id)s
RETURNING share_id
