-- Workers that are connected, this one included.
SELECT count(*)
FROM pg_locks
WHERE locktype = 'advisory'
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND classid = %(presence)s
    AND objsubid = 2
    AND granted
