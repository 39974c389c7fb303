-- Whether somebody is left who may manage every website and every user.
SELECT EXISTS (
    SELECT FROM users WHERE role = 'owner' AND has_all_websites AND NOT is_disabled
) AS has_owner
