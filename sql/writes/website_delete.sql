-- Forget a website with its funnels and keys; its events stay.
DELETE FROM websites
WHERE website_id = %(website_id)s
RETURNING website_id
