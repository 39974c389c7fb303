-- Claim ids that clients chose; answers those not seen before. Waits for another transaction that holds
-- one. The order keeps two workers from waiting for each other.
INSERT INTO event_seen (bucket, key)
SELECT ids.bucket, ids.key
FROM unnest(%(buckets)s::date[], %(keys)s::uuid[]) AS ids (bucket, key)
ORDER BY 1, 2
ON CONFLICT DO NOTHING
RETURNING key
