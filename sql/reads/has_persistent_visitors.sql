-- Whether any visitor of the buckets came with an id of the client's own.
SELECT coalesce(sum(persistent_events), 0) > 0 AS has_persistent_visitors
FROM site_facts_between(%(since)s, %(until)s)
WHERE website_id = %(website_id)s
    AND (%(include_bots)s OR NOT is_bot)
