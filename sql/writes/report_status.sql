-- What a worker says of itself, in place of what it said before.
INSERT INTO worker_status (
    worker_id, seen_at, partitions, stream_length, pending, lag, oldest_pending_seconds, geo_status, geo_built_at
)
VALUES (
    %(worker_id)s, now(), %(partitions)s, %(stream_length)s, %(pending)s, %(lag)s, %(oldest)s, %(geo_status)s,
    %(geo_built_at)s
)
ON CONFLICT (worker_id) DO UPDATE
SET seen_at = excluded.seen_at,
    partitions = excluded.partitions,
    stream_length = excluded.stream_length,
    pending = excluded.pending,
    lag = excluded.lag,
    oldest_pending_seconds = excluded.oldest_pending_seconds,
    geo_status = excluded.geo_status,
    geo_built_at = excluded.geo_built_at
