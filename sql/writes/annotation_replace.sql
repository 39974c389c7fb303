-- The annotation as it is from now on; no row when its website has none of this id.
UPDATE annotations
SET at = %(at)s, text = %(text)s
WHERE website_id = %(website_id)s AND annotation_id = %(annotation_id)s
RETURNING annotation_id, at, text, created_at
