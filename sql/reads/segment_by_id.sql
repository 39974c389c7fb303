-- One segment of a website.
SELECT segment_id AS id, name, filters::text AS filters
FROM segments
WHERE segment_id = %(segment_id)s AND website_id = %(website_id)s
