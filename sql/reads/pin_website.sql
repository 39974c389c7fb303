-- Read one website alone from here on; false where the database has no role for that.
SELECT pin_website(%(website_id)s) AS is_pinned
