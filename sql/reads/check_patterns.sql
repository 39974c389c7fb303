-- Fails on a pattern that is no regular expression.
SELECT bool_and('' ~ pattern) AS is_met
FROM unnest(%(patterns)s::text[]) AS pattern
