-- Register websites that events named before anybody else did.
INSERT INTO websites (website_id, name)
SELECT website_id, website_id FROM unnest(%(websites)s::text[]) AS website_id
ORDER BY 1
ON CONFLICT DO NOTHING
