-- The website as it is from now on; no row when there is none.
UPDATE websites
SET name = %(name)s,
    timezone = %(timezone)s,
    domains = %(domains)s,
    gpc = %(gpc)s
WHERE website_id = %(website_id)s
RETURNING website_id, name, timezone, domains, gpc, created_at
