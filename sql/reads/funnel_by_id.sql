-- The funnel of this id, whosever it is.
SELECT
    funnel_id, website_id, name, steps::text AS steps, scope, step_order, window_seconds, version, created_at,
    updated_at
FROM funnels
WHERE funnel_id = %(funnel_id)s
