-- Registers a website, or changes one; what is not given stays, and has its default at first.
INSERT INTO websites (website_id, name, timezone, domains, retention_days, identity, is_public, excluded_networks)
VALUES (
    %(website_id)s, coalesce(%(name)s, %(website_id)s), %(timezone)s, %(domains)s, %(retention_days)s::integer,
    coalesce(%(identity)s::text, 'given'), coalesce(%(is_public)s::boolean, false),
    coalesce(%(excluded_networks)s::text[], '{}')
)
ON CONFLICT (website_id) DO UPDATE
SET name = coalesce(%(name)s, websites.name),
    timezone = excluded.timezone,
    domains = excluded.domains,
    retention_days = coalesce(%(retention_days)s::integer, websites.retention_days),
    identity = coalesce(%(identity)s::text, websites.identity),
    is_public = coalesce(%(is_public)s::boolean, websites.is_public),
    excluded_networks = coalesce(%(excluded_networks)s::text[], websites.excluded_networks)
