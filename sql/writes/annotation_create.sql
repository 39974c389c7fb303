-- A new annotation; no row when its website has as many as it may.
INSERT INTO annotations (annotation_id, website_id, at, text, created_at)
SELECT %(annotation_id)s, %(website_id)s, %(at)s, %(text)s, %(now)s
WHERE (SELECT count(*) FROM annotations WHERE website_id = %(website_id)s) < %(limit)s
RETURNING annotation_id, at, text, created_at
