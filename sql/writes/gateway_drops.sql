-- Keep what gateways dropped, as last told; told again, it is the same. The order keeps two that write from waiting for
-- each other.
INSERT INTO gateway_drops (website_id, hour, reason, gateway, events)
SELECT told.website_id, told.hour, told.reason, told.gateway, told.events
FROM unnest(
    %(websites)s::text[], %(hours)s::timestamptz[], %(reasons)s::text[], %(gateways)s::text[], %(events)s::bigint[]
) AS told (website_id, hour, reason, gateway, events)
ORDER BY 1, 2, 3, 4
ON CONFLICT (website_id, hour, reason, gateway) DO UPDATE SET events = excluded.events
WHERE gateway_drops.events < excluded.events
RETURNING website_id
