-- Buckets that must be rolled up again.
INSERT INTO rollup_dirty (website_id, bucket)
SELECT touched.website_id, touched.bucket
FROM unnest(%(websites)s::text[], %(buckets)s::timestamptz[]) AS touched (website_id, bucket)
