-- The annotations of a website in a range, open at an end that is NULL, by time.
SELECT annotation_id, at, text, created_at
FROM annotations
WHERE website_id = %(website_id)s
    AND (%(since)s::timestamptz IS NULL OR at >= %(since)s)
    AND (%(until)s::timestamptz IS NULL OR at < %(until)s)
ORDER BY at, created_at, annotation_id
