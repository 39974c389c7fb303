-- Chains of one step more, of adjacent events only.
SELECT
    person,
    at,
    arrival,
    matches,
    position,
    CASE
        WHEN matches & {bit} > 0 AND position = before_position + 1 AND at - before[1] <= {window} THEN before || -at
    END AS chain,
    CASE WHEN chain IS NOT NULL THEN ARRAY[{reached}, -at] || chain ELSE best END AS best
FROM (
    SELECT
        person, at, arrival, matches, position, chain, best,
        lag(position) OVER earlier AS before_position,
        lag(chain) OVER earlier AS before
    FROM {shallower}
    WINDOW earlier AS (PARTITION BY person ORDER BY at, arrival)
) known
WHERE best IS NOT NULL
    OR chain IS NOT NULL
    OR (before IS NOT NULL AND matches & {bit} > 0)
    OR matches >= {next_bit}
