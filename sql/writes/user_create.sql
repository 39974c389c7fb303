-- A new user; no row when the e-mail address is taken, or there are as many users as there may be.
INSERT INTO users (user_id, email, name, password_hash, role, has_all_websites, created_at, updated_at)
SELECT
    %(user_id)s, %(email)s, %(name)s, %(password_hash)s, %(role)s, %(websites)s::text[] IS NULL, %(now)s, %(now)s
WHERE (SELECT count(*) FROM users) < %(limit)s
ON CONFLICT DO NOTHING
RETURNING user_id
