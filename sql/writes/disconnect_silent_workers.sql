-- End the connections of workers that have begun no statement for so long; their locks end with them.
SELECT pg_terminate_backend(activity.pid)
FROM pg_locks AS locks
JOIN pg_stat_activity AS activity ON activity.pid = locks.pid
WHERE locks.locktype = 'advisory'
    AND locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND locks.classid = %(presence)s
    AND locks.objsubid = 2
    AND locks.granted
    AND activity.pid <> pg_backend_pid()
    AND greatest(activity.query_start, activity.state_change) < clock_timestamp() - make_interval(secs => %(seconds)s)
