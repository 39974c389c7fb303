-- Who was active in whole buckets.
SELECT visitor_hash, session_hash
FROM session_facts
WHERE website_id = {website_id}
    AND bucket >= {since}
    AND bucket < {until}
    AND pageviews + custom_events > 0
    {conditions}
