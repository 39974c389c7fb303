-- A new website; no row when the id is taken.
INSERT INTO websites (website_id, name, timezone, domains, gpc, created_at)
VALUES (%(website_id)s, %(name)s, %(timezone)s, %(domains)s, %(gpc)s, %(now)s)
ON CONFLICT DO NOTHING
RETURNING website_id, name, timezone, domains, gpc, created_at
