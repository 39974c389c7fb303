-- People who sign in. `email` is in lower case; `password_hash` is argon2id in PHC form. `has_all_websites`
-- false: those of user_websites alone.
CREATE TABLE users (
    user_id uuid PRIMARY KEY,
    email text NOT NULL,
    name text NOT NULL,
    password_hash text NOT NULL,
    role text NOT NULL CHECK (role IN ('viewer', 'editor', 'owner')),
    has_all_websites boolean NOT NULL,
    is_disabled boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT users_email UNIQUE (email)
);

-- A website that is deleted is nobody's, also when its id is registered again.
CREATE TABLE user_websites (
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    website_id text NOT NULL REFERENCES websites ON DELETE CASCADE,
    PRIMARY KEY (user_id, website_id)
);

-- user_websites: whose list a deleted website leaves.
CREATE INDEX user_websites_website ON user_websites (website_id);

-- Signed-in browsers. The id in the cookie is nowhere: `digest` is its SHA-256. `last_used_at` is to the hour.
CREATE TABLE user_sessions (
    digest bytea PRIMARY KEY CHECK (octet_length(digest) = 32),
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL
);

-- user_sessions: those of one user, the oldest first.
CREATE INDEX user_sessions_user ON user_sessions (user_id, created_at);

-- The link that makes the first user: one at most, the SHA-256 of its token, and gone once it was used.
CREATE TABLE setup_link (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    expires_at timestamptz NOT NULL
);

-- Users as they are told, with the websites that each may see; NULL for all of them.
CREATE VIEW users_with_websites AS
SELECT
    u.user_id, u.email, u.name, u.role, u.is_disabled, u.created_at,
    CASE WHEN NOT u.has_all_websites THEN ARRAY(
        SELECT w.website_id FROM user_websites w WHERE w.user_id = u.user_id ORDER BY w.website_id COLLATE "C"
    ) END AS websites
FROM users u;
