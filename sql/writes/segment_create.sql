-- A new segment; no row when its website has as many as it may.
INSERT INTO segments (segment_id, website_id, name, filters, created_at)
SELECT %(segment_id)s, %(website_id)s, %(name)s, %(filters)s::jsonb, %(now)s
WHERE (SELECT count(*) FROM segments WHERE website_id = %(website_id)s) < %(limit)s
RETURNING segment_id
