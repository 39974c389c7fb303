-- Every registered website.
SELECT website_id, timezone, domains, gpc FROM websites
