-- Every registered website, or the one named.
SELECT
    website_id, timezone, domains, gpc, retention_days, identity, is_public, excluded_networks, engaged_threshold_s,
    split_on_campaign
FROM websites
WHERE %(website_id)s::text IS NULL OR website_id = %(website_id)s
ORDER BY website_id
