-- Claim ids that clients chose; answers those not seen before. Waits for another transaction that holds
-- one. The order keeps two workers from waiting for each other.
INSERT INTO event_seen (bucket, key)
SELECT %(bucket)s, key
FROM unnest(%(keys)s::uuid[]) AS key
ORDER BY key
ON CONFLICT DO NOTHING
RETURNING key
