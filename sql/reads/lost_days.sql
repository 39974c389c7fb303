-- Whether retention has dropped raw events of the website of any of these spans.
SELECT EXISTS (
    SELECT
    FROM (
        SELECT day FROM dropped_days
        UNION ALL
        SELECT day FROM dropped_site_days WHERE website_id = %(website_id)s
    ) dropped
    JOIN unnest(%(since)s::timestamptz[], %(until)s::timestamptz[]) AS span (since, until)
        ON day >= (since AT TIME ZONE 'UTC')::date
        AND (day::timestamp AT TIME ZONE 'UTC') < until
) AS is_lost
