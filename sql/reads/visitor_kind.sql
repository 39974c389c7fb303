-- Whether any of the newest events of a range came with an id of the client's own. The ids that the
-- gateway derives for one day are 32 hex digits (SPEC R10).
SELECT EXISTS (
    SELECT
    FROM (
        SELECT visitor_id
        FROM events
        WHERE website_id = %(website_id)s
            AND "timestamp" >= %(since)s
            AND "timestamp" < %(until)s
        ORDER BY "timestamp" DESC
        LIMIT 200
    ) newest
    WHERE visitor_id !~ '^[0-9a-f]{32}$'
) AS has_lasting_ids
