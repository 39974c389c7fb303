-- Every registered website.
SELECT website_id, timezone, domains, gpc, split_on_campaign FROM websites
