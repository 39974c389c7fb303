-- Throw away the dead letters of a website.
DELETE FROM dead_letter WHERE website_id = %(website_id)s RETURNING partition
