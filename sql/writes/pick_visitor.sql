-- Pick all events of a visitor. The rollups say in which buckets they are.
WITH met AS MATERIALIZED (
    SELECT DISTINCT bucket
    FROM session_facts
    WHERE website_id = %(website_id)s
        AND lane = (%(visitor_hash)s::bigint & 63)::smallint
        AND visitor_hash = %(visitor_hash)s
), picked AS (
    INSERT INTO event_removals (removal_id, website_id, "timestamp", id)
    SELECT %(removal_id)s, %(website_id)s, found."timestamp", found.id
    FROM met
    CROSS JOIN LATERAL (
        SELECT e."timestamp", e.id
        FROM events e
        WHERE e.website_id = %(website_id)s
            AND e."timestamp" >= met.bucket
            AND e."timestamp" < met.bucket + INTERVAL '15 minutes'
            AND e.visitor_hash = %(visitor_hash)s
            AND e.visitor_id = %(visitor_id)s
        OFFSET 0
    ) found
    LIMIT %(limit)s
    RETURNING id
)
SELECT count(*) AS events FROM picked
