-- When keys were last used, written at most once a minute a key.
UPDATE api_keys
SET last_used_at = used.used_at
FROM unnest(%(keys)s::text[], %(used_at)s::timestamptz[]) AS used (key_id, used_at)
WHERE api_keys.key_id = used.key_id
    AND (api_keys.last_used_at IS NULL OR api_keys.last_used_at <= used.used_at - INTERVAL '1 minute')
RETURNING api_keys.key_id
