-- Delete a segment; no row when there is none.
DELETE FROM segments
WHERE segment_id = %(segment_id)s AND website_id = %(website_id)s
RETURNING segment_id
