-- A new website; no row when the id is taken.
INSERT INTO websites (website_id, name, timezone, domains)
VALUES (%(website_id)s, %(name)s, %(timezone)s, %(domains)s)
ON CONFLICT (website_id) DO NOTHING
RETURNING website_id
