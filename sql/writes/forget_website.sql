-- Take a website out of the rollups, and what is known of their changes and of its imports.
WITH counted AS (
    DELETE FROM data_versions WHERE website_id = %(website_id)s
), second_level AS (
    DELETE FROM rollup_visits WHERE website_id = %(website_id)s
), imported AS (
    DELETE FROM imported_days WHERE website_id = %(website_id)s
)
SELECT forget_values(%(website_id)s), forget_website(%(website_id)s)
