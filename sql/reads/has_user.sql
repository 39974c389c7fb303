-- Whether anybody can sign in.
SELECT EXISTS (SELECT FROM users) AS has_user
