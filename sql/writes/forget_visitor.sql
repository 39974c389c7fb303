-- Take a visitor out of what is left of days whose events are gone; how many rows went.
SELECT forget_visitor(%(website_id)s, %(visitor_hash)s) AS rows, count_rollup_change(%(website_id)s)
