-- Lock partitions that nobody owns, as many as asked for.
SELECT free.partition
FROM unnest(%(partitions)s::integer[]) AS free (partition)
WHERE pg_try_advisory_lock(%(locks)s, free.partition)
LIMIT %(count)s
