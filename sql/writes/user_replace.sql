-- The user as it is from now on; no row when there is none. A password that is NULL stays.
UPDATE users
SET email = %(email)s,
    name = %(name)s,
    password_hash = coalesce(%(password_hash)s, password_hash),
    role = %(role)s,
    has_all_websites = %(websites)s::text[] IS NULL,
    is_disabled = %(is_disabled)s,
    updated_at = %(now)s
WHERE user_id = %(user_id)s
RETURNING user_id
