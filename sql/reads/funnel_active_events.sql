-- Who was active in a stretch of time that is not made of whole buckets.
SELECT visitor_hash, session_hash
FROM events
WHERE website_id = {website_id}
    AND "timestamp" >= {since}
    AND "timestamp" < {until}
    AND event_type NOT IN ('engagement', 'performance', 'identify')
    {conditions}
