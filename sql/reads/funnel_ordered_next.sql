-- Chains of one step more: the best of those that were complete before this event goes on with it, so no
-- event is two steps of one chain. `best` is [depth, -time, chain] where a person first came so far.
SELECT
    person,
    at,
    arrival,
    matches,
    CASE WHEN matches & {bit} > 0 AND at - before[1] <= {window} THEN before || -at END AS chain,
    CASE WHEN chain IS NOT NULL AND before IS NULL THEN ARRAY[{reached}, -at] || chain ELSE best END AS best
FROM (
    SELECT person, at, arrival, matches, chain, best, max(chain) OVER earlier AS before
    FROM {shallower}
    WINDOW earlier AS (PARTITION BY person ORDER BY at, arrival ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
) known
WHERE best IS NOT NULL
    OR (before IS NULL AND chain IS NOT NULL)
    OR (before IS NOT NULL AND matches >= {bit})
