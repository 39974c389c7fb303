-- Events that may be a step: whose they are, when they came (microseconds after the range began), and the
-- steps they match, as bits.
SELECT
    {person} AS person,
    round(date_part('epoch', "timestamp" - {since}) * 1000000)::bigint AS at,
    arrival,
    matches{value}
FROM (
    SELECT visitor_hash, session_hash, "timestamp", arrival, {matches} AS matches{value_of_event}
    FROM events
    WHERE website_id = {website_id}
        AND "timestamp" >= {since}
        AND "timestamp" < {until}
        AND event_type NOT IN ('engagement', 'performance', 'identify')
        {conditions}
) taken
{linked}
{only_steps}
