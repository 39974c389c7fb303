-- Whether this set-up link holds, and whether it can: only while nobody can sign in.
SELECT
    NOT EXISTS (SELECT FROM users) AS is_open,
    EXISTS (SELECT FROM setup_link WHERE digest = %(digest)s AND expires_at > %(now)s) AS is_genuine
