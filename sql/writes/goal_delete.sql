-- Delete a goal; no row when there is none.
DELETE FROM goals
WHERE goal_id = %(goal_id)s AND website_id = %(website_id)s
RETURNING goal_id
