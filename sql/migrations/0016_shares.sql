-- Links that show a website's reports to whoever has them (SPEC N7). The token is nowhere: `digest` is its SHA-256.
-- `signing_key` is part of what signs the share's read tokens: with the row they are gone. `filters` is the JSON
-- that is met by everything the link shows.
CREATE TABLE shares (
    share_id uuid PRIMARY KEY,
    website_id text NOT NULL REFERENCES websites ON DELETE CASCADE,
    name text NOT NULL,
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    signing_key bytea NOT NULL CHECK (octet_length(signing_key) = 32),
    password_hash text,
    filters text NOT NULL,
    expires_at timestamptz,
    created_at timestamptz NOT NULL,
    CONSTRAINT shares_digest UNIQUE (digest)
);

-- shares: those of one website, and those that go with it.
CREATE INDEX shares_website ON shares (website_id, created_at);
