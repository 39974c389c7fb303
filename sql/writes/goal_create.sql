-- A new goal; no row when its website has as many as it may.
INSERT INTO goals (goal_id, website_id, name, page, event_type, properties, created_at)
SELECT %(goal_id)s, %(website_id)s, %(name)s, %(page)s, %(event_type)s, %(properties)s, %(now)s
WHERE (SELECT count(*) FROM goals WHERE website_id = %(website_id)s) < %(limit)s
RETURNING goal_id
