-- Metrics by value, from what is counted by the website's own days: whole sessions by the day they started on.
SELECT
    {keys_first} sum(pageviews) AS pageviews, sum(custom_events) AS custom_events, sum(visitors) AS visitors,
    sum(sessions) AS sessions, sum(bounces) AS bounces, sum(duration) AS duration, sum(engaged_ms) AS engaged_ms,
    sum(engaged) AS engaged
FROM value_facts_between({website_id}, {dimension}, {first_day}, {last_day})
GROUP BY names
HAVING sum(pageviews) + sum(custom_events) + sum(sessions) > 0
