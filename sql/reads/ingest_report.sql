-- What became of the events of a website, by hour and outcome: of those that came into the stream, and of those that the
-- gateway dropped before.
SELECT hour, outcome, is_of_gateway, sum(events)::bigint AS events
FROM (
    SELECT website_id, hour, outcome, false AS is_of_gateway, events FROM ingest_counts
    UNION ALL
    SELECT website_id, hour, reason, true, events FROM gateway_drops
) counts
WHERE website_id = %(website_id)s
    AND hour >= date_trunc('hour', %(since)s::timestamptz)
    AND hour < %(until)s
GROUP BY hour, outcome, is_of_gateway
ORDER BY hour, outcome, is_of_gateway
