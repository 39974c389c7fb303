-- The user of this id.
SELECT user_id, email, name, role, websites, is_disabled, created_at
FROM users_with_websites
WHERE user_id = %(user_id)s
