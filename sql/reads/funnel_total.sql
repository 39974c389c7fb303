-- How many people viewed a page or did anything else of note in the range.
SELECT count(*) AS people
FROM (
    SELECT
    FROM (
        {active}
    ) active
    {linked}
    GROUP BY {person}
) people
