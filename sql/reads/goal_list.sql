-- The goals of a website by name.
SELECT goal_id AS id, name, page, event_type, properties
FROM goals
WHERE website_id = %(website_id)s
ORDER BY name COLLATE "C"
