-- What is kept of the password of the user with this e-mail address or this id.
SELECT user_id, password_hash
FROM users
WHERE (email = %(email)s OR user_id = %(user_id)s) AND NOT is_disabled
