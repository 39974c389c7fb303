-- Chains of two steps. `chain` is [start, -time of the second step]: the greatest chain is the one that
-- started last and then went on soonest, and whatever an earlier start can still reach within the window,
-- a later one can. `best` is [1, -time, start] at the first event of a person that is a start. Only events
-- that can still change an answer go on.
SELECT
    person,
    at,
    arrival,
    matches,
    CASE WHEN matches & 2 > 0 AND at - before <= {window} THEN ARRAY[before, -at] END AS chain,
    CASE WHEN before IS NULL THEN ARRAY[1, -at, entry] END AS best
FROM (
    SELECT person, at, arrival, matches, entry, max(entry) OVER earlier AS before
    FROM entries
    WINDOW earlier AS (PARTITION BY person ORDER BY at, arrival ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
) known
WHERE (before IS NULL AND entry IS NOT NULL) OR (before IS NOT NULL AND matches >= 2)
