-- Filters that a website keeps under a name, as they are sent to reports.
CREATE TABLE segments (
    segment_id uuid PRIMARY KEY,
    website_id text NOT NULL REFERENCES websites ON DELETE CASCADE,
    name text NOT NULL,
    filters jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT segments_name UNIQUE (website_id, name)
);
