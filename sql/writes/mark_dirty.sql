-- What must be rolled up again.
INSERT INTO rollup_dirty (
    website_id, bucket, visitors, is_bot, pageviews, custom_events, events, persistent_events
)
SELECT website_id, bucket, visitors::bigint[], is_bot, pageviews, custom_events, events, persistent_events
FROM unnest(
    %(websites)s::text[], %(buckets)s::timestamptz[], %(visitors)s::text[], %(are_bots)s::boolean[],
    %(pageviews)s::bigint[], %(custom_events)s::bigint[], %(events)s::bigint[], %(persistent_events)s::bigint[]
) AS touched (website_id, bucket, visitors, is_bot, pageviews, custom_events, events, persistent_events)
