-- Whether all of the website is counted by the days of the zone, and little of it changed since.
SELECT EXISTS (
    SELECT
    FROM rollup_zones
    WHERE website_id = %(website_id)s
        AND zone = %(zone)s
        AND counted_until = 'infinity'
) AND (
    SELECT count(DISTINCT bucket) <= %(most)s
    FROM rollup_dirty
    WHERE website_id = %(website_id)s
        AND bucket >= %(since)s
        AND bucket < %(until)s + INTERVAL '24 hours 15 minutes'
) AS is_counted
