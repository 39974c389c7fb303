-- A time that no event stored is later than: that of the newest of the last two days, or two days ago.
SELECT greatest(max(newest."timestamp"), now() - INTERVAL '2 days') AS newest
FROM websites
CROSS JOIN LATERAL (
    SELECT "timestamp"
    FROM events
    WHERE events.website_id = websites.website_id AND "timestamp" > now() - INTERVAL '2 days'
    ORDER BY "timestamp" DESC
    LIMIT 1
) newest
