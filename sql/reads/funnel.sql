-- How many people came to each step, and how long it took them from the one before: one row a step, and
-- one a step and group. A person counts with the chain that first came as far as any of theirs did:
-- `path` is [depth, -time it was complete, start, -time of the second step, ...].
WITH candidates AS (
    {candidates}
),
entries AS (
    SELECT person, at, arrival, matches, CASE WHEN matches & 1 > 0 AND at < {range_length} THEN at END AS entry
    FROM candidates
),
{depths}
people AS (
    SELECT person, max(CASE WHEN chain IS NOT NULL THEN ARRAY[{last_depth}, -at] || chain ELSE best END) AS path
    FROM {deepest}
    GROUP BY person
    HAVING bool_or(chain IS NOT NULL OR best IS NOT NULL)
),
grouped (path, place, value) AS (
    {groups}
)
SELECT
    step,
    place,
    value,
    count(*) AS people,
    round(avg(elapsed) / 1000000)::bigint AS average_seconds,
    round((percentile_cont(0.5) WITHIN GROUP (ORDER BY elapsed))::numeric / 1000000)::bigint AS median_seconds
FROM (
    SELECT
        step,
        place,
        value,
        CASE WHEN step > 1 THEN abs(path[step + 2]) - abs(path[step + 1]) END AS elapsed
    FROM grouped
    CROSS JOIN LATERAL generate_series(1, path[1]::integer) AS step
) reached
GROUP BY {grouping}
ORDER BY place NULLS FIRST, step
