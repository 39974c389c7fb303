-- Remove all events of a website in a stretch of time; how many they were.
SELECT remove_between(%(website_id)s, %(since)s, %(since)s + %(step)s) AS events
