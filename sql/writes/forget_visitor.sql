-- Take a visitor out of what is left of days whose events are gone; how many rows went.
SELECT forget_rolled_up_visitor(%(website_id)s, %(visitor_hash)s) AS rows, count_rollup_change(%(website_id)s)
