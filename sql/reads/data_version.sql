-- What has been changed of a website's events up to a day, of all days for NULL: equal as long as nothing was.
SELECT
    (
        SELECT coalesce(sum(changes), 0)
        FROM data_versions
        WHERE website_id = %(website_id)s AND (%(last_day)s::date IS NULL OR day <= %(last_day)s::date)
    )::text AS changes,
    -- Retention changes what an answer says of itself, and marks nothing.
    (SELECT count(*) FROM dropped_days) AS dropped_days
