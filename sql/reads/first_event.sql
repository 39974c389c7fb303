-- When the website's first event happened, to the bucket.
SELECT min(bucket) AS first_bucket
FROM site_facts
WHERE website_id = %(website_id)s
