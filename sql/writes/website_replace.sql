-- The website as it is from now on; no row when there is none.
UPDATE websites
SET name = %(name)s,
    timezone = %(timezone)s,
    domains = %(domains)s,
    gpc = %(gpc)s,
    retention_days = %(retention_days)s,
    identity = %(identity)s,
    is_public = %(is_public)s,
    excluded_networks = %(excluded_networks)s,
    engaged_threshold_s = %(engaged_threshold_s)s,
    split_on_campaign = %(split_on_campaign)s
WHERE website_id = %(website_id)s
RETURNING
    website_id, name, timezone, domains, gpc, retention_days, identity, is_public, excluded_networks,
    engaged_threshold_s, split_on_campaign, created_at
