-- Every registered website, by id.
SELECT website_id, name, timezone, domains
FROM websites
ORDER BY website_id
