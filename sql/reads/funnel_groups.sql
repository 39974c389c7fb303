-- The people by an attribute of the session in which they started: the five greatest groups, by place, and
-- all others together as the sixth. Of starts at one instant the greatest value counts.
SELECT path, least(place, 6) AS place, CASE WHEN place < 6 THEN value END AS value
FROM (
    SELECT path, value, dense_rank() OVER (ORDER BY entered DESC, value) AS place
    FROM (
        SELECT path, value, count(*) OVER (PARTITION BY value) AS entered
        FROM (
            SELECT people.path, coalesce(max(candidates.value), {unset} COLLATE "C") AS value
            FROM people
            JOIN candidates ON candidates.person = people.person AND candidates.at = people.path[3]
            WHERE candidates.matches & 1 > 0
            GROUP BY people.person, people.path
        ) named
    ) counted
) ranked
