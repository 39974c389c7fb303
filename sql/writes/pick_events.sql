-- Pick the events that meet all conditions, or only say how many they are, and of how many sessions and visitors.
WITH found AS MATERIALIZED (
    SELECT "timestamp", id, session_hash, visitor_hash
    FROM events
    WHERE website_id = {website_id}
        AND "timestamp" >= {since}
        AND "timestamp" < {until}
        {conditions}
    LIMIT {limit}
), picked AS (
    INSERT INTO event_removals (removal_id, website_id, "timestamp", id)
    SELECT {removal_id}::uuid, {website_id}, "timestamp", id
    FROM found
    WHERE {is_picked}
)
SELECT count(*) AS events, count(DISTINCT session_hash) AS sessions, count(DISTINCT visitor_hash) AS visitors
FROM found
