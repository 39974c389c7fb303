-- Of the visitors first seen in a period of the range, how many were seen in it and in each later one.
WITH active AS (
    SELECT DISTINCT visitor_hash, period
    FROM ({active}) hits
),
first_seen AS (
    SELECT visitor_hash, min(period) AS cohort
    FROM active
    GROUP BY visitor_hash
)
SELECT cohort, period, count(*) AS visitors
FROM active
JOIN first_seen USING (visitor_hash)
GROUP BY cohort, period
ORDER BY cohort, period
