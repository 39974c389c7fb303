-- Funnels as their owners defined them (SPEC R72). `steps` is a JSON array in the order of the steps, each
-- {"id", "name", "page", "event_type", "properties"}; `creation_key` is the Idempotency-Key of the request
-- that made the funnel, so that its retry makes no second one.
CREATE TABLE funnels (
    funnel_id uuid PRIMARY KEY,
    website_id text NOT NULL REFERENCES websites ON DELETE CASCADE,
    name text NOT NULL,
    steps jsonb NOT NULL CHECK (jsonb_array_length(steps) BETWEEN 2 AND 10),
    scope text NOT NULL CHECK (scope IN ('visitor', 'session')),
    step_order text NOT NULL CHECK (step_order IN ('ordered', 'strict')),
    window_seconds integer NOT NULL CHECK (window_seconds BETWEEN 1 AND 2592000),
    version integer NOT NULL DEFAULT 1,
    creation_key text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT funnels_name UNIQUE (website_id, name),
    CONSTRAINT funnels_creation_key UNIQUE (website_id, creation_key)
);
