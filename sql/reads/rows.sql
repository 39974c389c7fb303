-- Metrics by key: what happened in the range, and the sessions that started in it, side by side.
WITH {named}
parts AS (
    {parts}
),
rows AS (
    SELECT {keys_first} {metrics}
    FROM parts
    {search}
    {group_by_keys}
)
SELECT everything.total, page.*
FROM (SELECT count(*) AS total FROM rows) everything
LEFT JOIN LATERAL (
    SELECT true AS is_row, rows.*
    FROM rows
    {order_by}
    {limit}
) page ON true
