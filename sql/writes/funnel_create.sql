-- A new funnel; no row when its name or creation key is taken, or its website has as many as it may.
INSERT INTO funnels (
    funnel_id, website_id, name, steps, scope, step_order, window_seconds, creation_key, created_at, updated_at
)
SELECT
    %(funnel_id)s, %(website_id)s, %(name)s, %(steps)s::jsonb, %(scope)s, %(step_order)s, %(window_seconds)s,
    %(creation_key)s, %(now)s, %(now)s
WHERE (SELECT count(*) FROM funnels WHERE website_id = %(website_id)s) < %(limit)s
ON CONFLICT DO NOTHING
RETURNING
    funnel_id, website_id, name, steps::text AS steps, scope, step_order, window_seconds, version, created_at,
    updated_at
