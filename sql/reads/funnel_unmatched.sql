-- The steps that any event matches, as bits.
SELECT coalesce(bit_or(matches), 0) AS matches
FROM (
    {candidates}
) candidates
