-- The API keys of a website (SPEC N2). A key itself is nowhere: `digest` is its SHA-256. A revoked key has no row.
CREATE TABLE api_keys (
    key_id text COLLATE "C" PRIMARY KEY,
    website_id text NOT NULL REFERENCES websites ON DELETE CASCADE,
    name text NOT NULL,
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    scopes text[] NOT NULL CHECK (
        cardinality(scopes) > 0
        AND scopes <@ ARRAY['stats:read', 'events:read', 'funnels:write', 'ingest', 'ingest:import']
    ),
    expires_at timestamptz,
    created_at timestamptz NOT NULL,
    -- To the minute.
    last_used_at timestamptz
);

-- api_keys: the keys of one website, and those that go with it.
CREATE INDEX api_keys_website ON api_keys (website_id, created_at);
