-- The funnel with another definition; no row when it is not of this version any more.
UPDATE funnels
SET name = %(name)s,
    steps = %(steps)s::jsonb,
    scope = %(scope)s,
    step_order = %(step_order)s,
    window_seconds = %(window_seconds)s,
    version = version + 1,
    -- Later than before, whatever the clock says: a change must show.
    updated_at = greatest(%(now)s, updated_at + INTERVAL '1 microsecond')
WHERE funnel_id = %(funnel_id)s AND version = %(version)s
RETURNING
    funnel_id, website_id, name, steps::text AS steps, scope, step_order, window_seconds, version, created_at,
    updated_at
