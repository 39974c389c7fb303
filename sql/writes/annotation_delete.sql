-- Forget an annotation; no row when its website has none of this id.
DELETE FROM annotations
WHERE website_id = %(website_id)s AND annotation_id = %(annotation_id)s
RETURNING annotation_id
