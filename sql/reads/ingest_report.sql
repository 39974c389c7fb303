-- What became of the events of a website, by hour and outcome, and in all.
SELECT hour, outcome, sum(events)::bigint AS events
FROM ingest_counts
WHERE website_id = %(website_id)s
    AND hour >= date_trunc('hour', %(since)s::timestamptz)
    AND hour < %(until)s
GROUP BY hour, outcome
ORDER BY hour, outcome
