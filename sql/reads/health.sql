-- How the workers and the rollups are doing. A worker that was not seen for half a minute is gone.
SELECT
    count(*) AS workers,
    coalesce(sum(stream_length), 0)::bigint AS stream_length,
    coalesce(sum(pending), 0)::bigint AS pending,
    coalesce(sum(lag), 0)::bigint AS lag,
    coalesce(max(oldest_pending_seconds), 0)::double precision AS oldest_pending_seconds,
    coalesce(bool_and(geo_built_at IS NOT NULL), false) AS has_geo,
    string_agg(DISTINCT geo_status, ', ') AS geo_status,
    min(geo_built_at) AS geo_built_at,
    (SELECT count(*) FROM (SELECT FROM dead_letter LIMIT 10000) newest) AS dead_letter,
    (SELECT count(*) FROM (SELECT DISTINCT website_id, bucket FROM (SELECT website_id, bucket FROM rollup_dirty LIMIT 100000) marks) buckets)
        AS dirty_buckets,
    (SELECT done_at FROM last_refresh) AS refreshed_at,
    (SELECT extract(epoch FROM now() - done_at)::double precision FROM last_refresh) AS refreshed_seconds_ago
FROM worker_status
WHERE seen_at > now() - INTERVAL '30 seconds'
