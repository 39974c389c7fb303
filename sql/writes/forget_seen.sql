-- Forget the id of an event that died, so that it counts when it comes again; not that of one that is stored.
DELETE FROM event_seen
WHERE bucket = %(bucket)s
    AND key = %(key)s::uuid
    AND NOT EXISTS (
        SELECT FROM events WHERE website_id = %(website_id)s AND "timestamp" = %(timestamp)s AND id = %(id)s
    )
