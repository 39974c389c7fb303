-- Which of these UTC days retention has dropped: of all websites, or of some of these.
SELECT NULL AS website_id, day FROM dropped_days WHERE day = ANY (%(days)s)
UNION ALL
SELECT website_id, day FROM dropped_site_days WHERE website_id = ANY (%(websites)s) AND day = ANY (%(days)s)
