-- The hours in which a website has events, or had some.
SELECT DISTINCT date_trunc('hour', bucket, 'UTC') AS hour
FROM site_facts
WHERE website_id = %(website_id)s
ORDER BY hour
