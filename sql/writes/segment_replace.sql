-- The segment with another name and other filters; no row when there is none.
UPDATE segments
SET name = %(name)s, filters = %(filters)s::jsonb
WHERE segment_id = %(segment_id)s AND website_id = %(website_id)s
RETURNING segment_id
