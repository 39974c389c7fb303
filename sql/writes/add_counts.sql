-- Add to what became of the events of each website and hour.
INSERT INTO ingest_counts (website_id, hour, partition, outcome, events)
SELECT added.website_id, added.hour, added.partition, added.outcome, added.events
FROM unnest(
    %(websites)s::text[], %(hours)s::timestamptz[], %(partitions)s::smallint[], %(outcomes)s::text[], %(events)s::bigint[]
) AS added (website_id, hour, partition, outcome, events)
ORDER BY 1, 2, 3, 4
ON CONFLICT (website_id, hour, partition, outcome) DO UPDATE SET events = ingest_counts.events + excluded.events
