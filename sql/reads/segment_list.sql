-- The segments of a website by name.
SELECT segment_id AS id, name, filters::text AS filters
FROM segments
WHERE website_id = %(website_id)s
ORDER BY name COLLATE "C"
