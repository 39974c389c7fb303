-- The goal with another definition; no row when there is none.
UPDATE goals
SET name = %(name)s, page = %(page)s, event_type = %(event_type)s, properties = %(properties)s
WHERE goal_id = %(goal_id)s AND website_id = %(website_id)s
RETURNING goal_id
