-- Chains of two steps where the very next event of a person must be the next step. `position` counts the
-- person's events, so that those which change nothing can be left out from here on. `chain` and `best` are
-- as in funnel_ordered_second.
SELECT
    person,
    at,
    arrival,
    matches,
    position,
    CASE WHEN matches & 2 > 0 AND at - before <= {window} THEN ARRAY[before, -at] END AS chain,
    CASE WHEN entry IS NOT NULL THEN ARRAY[1, -at, entry] END AS best
FROM (
    SELECT
        person, at, arrival, matches, entry,
        row_number() OVER earlier AS position,
        lag(entry) OVER earlier AS before
    FROM entries
    WINDOW earlier AS (PARTITION BY person ORDER BY at, arrival)
) known
WHERE entry IS NOT NULL OR (before IS NOT NULL AND matches & 2 > 0) OR matches >= 4
