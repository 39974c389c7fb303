-- Registers a website, or changes one; a name that is not given stays, and is the id at first.
INSERT INTO websites (website_id, name, timezone, domains)
VALUES (%(website_id)s, coalesce(%(name)s, %(website_id)s), %(timezone)s, %(domains)s)
ON CONFLICT (website_id) DO UPDATE
SET name = coalesce(%(name)s, websites.name),
    timezone = excluded.timezone,
    domains = excluded.domains
