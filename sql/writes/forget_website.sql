-- Take a website out of the rollups.
SELECT forget_website(%(website_id)s)
