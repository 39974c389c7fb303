-- Whether retention has dropped raw events of any of these spans.
SELECT EXISTS (
    SELECT
    FROM dropped_days
    JOIN unnest(%(since)s::timestamptz[], %(until)s::timestamptz[]) AS span (since, until)
        ON day >= (since AT TIME ZONE 'UTC')::date
        AND (day::timestamp AT TIME ZONE 'UTC') < until
) AS is_lost
