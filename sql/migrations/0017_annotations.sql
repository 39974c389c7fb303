-- What happened to a website, told beside its numbers: a release, a campaign, an outage.
CREATE TABLE annotations (
    annotation_id uuid PRIMARY KEY,
    website_id text NOT NULL REFERENCES websites ON DELETE CASCADE,
    at timestamptz NOT NULL,
    text text NOT NULL,
    created_at timestamptz NOT NULL
);

-- annotations: those of one website by time, and those that go with it.
CREATE INDEX annotations_website ON annotations (website_id, at);
