-- What an owner sets of a website beside its name, zone and domains (SPEC N1).
ALTER TABLE websites
    -- Days its raw events are kept; NULL is what the installation says.
    ADD COLUMN retention_days integer CHECK (retention_days BETWEEN 8 AND 3660),
    -- Whose ids tell its visitors apart: those that events bring, derived ones alone, or also one that the
    -- tracker keeps in the browser.
    ADD COLUMN identity text NOT NULL DEFAULT 'given' CHECK (identity IN ('given', 'derived', 'persistent')),
    -- Its reports need no token.
    ADD COLUMN is_public boolean NOT NULL DEFAULT false,
    -- Networks whose events the gateway drops (SPEC R56).
    ADD COLUMN excluded_networks text[] NOT NULL DEFAULT '{}';
