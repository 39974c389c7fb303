-- Make room for events of these UTC days, and for ids of these buckets; in a transaction of its own.
SELECT ensure_days(day, day) FROM unnest(%(days)s::date[]) AS day
UNION ALL
SELECT ensure_seen_days(day, day) FROM unnest(%(buckets)s::date[]) AS day
