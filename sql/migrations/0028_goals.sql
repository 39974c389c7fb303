-- What a website wants its visitors to do: events like this one are conversions. `page` is a pattern, '' any page;
-- `properties` must all be met.
CREATE TABLE goals (
    goal_id uuid PRIMARY KEY,
    website_id text NOT NULL REFERENCES websites ON DELETE CASCADE,
    name text NOT NULL,
    page text NOT NULL,
    event_type text NOT NULL,
    properties jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT goals_name UNIQUE (website_id, name)
);
