-- One page of a website's funnels by name, and how many there are.
SELECT everything.total, page.*
FROM (SELECT count(*) AS total FROM funnels WHERE website_id = %(website_id)s) everything
LEFT JOIN LATERAL (
    SELECT
        funnel_id, website_id, name, steps::text AS steps, scope, step_order, window_seconds, version, created_at,
        updated_at
    FROM funnels
    WHERE website_id = %(website_id)s
    ORDER BY name COLLATE "C"
    LIMIT %(limit)s OFFSET %(offset)s
) page ON true
