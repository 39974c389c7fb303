-- The funnel that a request with this Idempotency-Key made.
SELECT
    funnel_id, website_id, name, steps::text AS steps, scope, step_order, window_seconds, version, created_at,
    updated_at
FROM funnels
WHERE website_id = %(website_id)s AND creation_key = %(creation_key)s
