-- Add events of one UTC day to a website; how many were not there yet, NULL for a website that is not registered.
SELECT import_events(
    %(website_id)s, %(events)s::json, %(ids)s::uuid[], %(buckets)s::date[], %(keys)s::uuid[], %(sessions_since)s
) AS added
