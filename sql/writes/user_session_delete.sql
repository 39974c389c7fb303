-- Sign one browser out.
DELETE FROM user_sessions
WHERE digest = %(digest)s
RETURNING digest
