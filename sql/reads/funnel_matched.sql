-- Whether any event matches a step; the first one found is enough.
SELECT EXISTS (
    SELECT
    FROM (
        {candidates}
    ) candidates
    WHERE matches & {bit} > 0
) AS is_matched
