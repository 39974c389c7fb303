-- Whether a website has a funnel of this name.
SELECT EXISTS (SELECT FROM funnels WHERE website_id = %(website_id)s AND name = %(name)s) AS is_taken
