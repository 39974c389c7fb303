-- How fast pages were for their visitors, all together or page by page: of each vital the 75th percentile, which
-- is a time that was measured, and how many were good and how many poor.
WITH rows AS (
    SELECT {name} AS name, count(*) AS samples, {vitals}
    FROM events
    WHERE website_id = {website_id}
        AND "timestamp" >= {since}
        AND "timestamp" < {until}
        {conditions}
        {search}
    GROUP BY {grouping}
)
SELECT everything.total, page.*
FROM (SELECT count(*) AS total FROM rows) everything
LEFT JOIN LATERAL (
    SELECT true AS is_row, rows.*
    FROM rows
    ORDER BY {order_by} name COLLATE "C"
    LIMIT {limit} OFFSET {offset}
) page ON true
