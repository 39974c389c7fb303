-- How much happened in the buckets: at least as much as there are visitors.
SELECT coalesce(sum(pageviews + custom_events), 0)::bigint AS hits
FROM site_facts_between(%(since)s, %(until)s)
WHERE website_id = %(website_id)s
    AND (%(include_bots)s OR NOT is_bot)
