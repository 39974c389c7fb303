-- A new website; no row when the id is taken.
INSERT INTO websites (
    website_id, name, timezone, domains, gpc, retention_days, identity, is_public, excluded_networks,
    engaged_threshold_s, split_on_campaign, created_at
)
VALUES (
    %(website_id)s, %(name)s, %(timezone)s, %(domains)s, %(gpc)s, %(retention_days)s, %(identity)s, %(is_public)s,
    %(excluded_networks)s, %(engaged_threshold_s)s, %(split_on_campaign)s, %(now)s
)
ON CONFLICT DO NOTHING
RETURNING
    website_id, name, timezone, domains, gpc, retention_days, identity, is_public, excluded_networks,
    engaged_threshold_s, split_on_campaign, created_at
