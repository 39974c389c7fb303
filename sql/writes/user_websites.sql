-- The websites of a user's list from now on; one row for each that is registered.
WITH left_out AS (
    DELETE FROM user_websites
    WHERE user_id = %(user_id)s AND NOT website_id = ANY(coalesce(%(websites)s::text[], '{}'))
), added AS (
    INSERT INTO user_websites (user_id, website_id)
    SELECT %(user_id)s, website_id FROM websites WHERE website_id = ANY(%(websites)s::text[])
    ON CONFLICT DO NOTHING
)
SELECT website_id
FROM websites
WHERE website_id = ANY(%(websites)s::text[])
