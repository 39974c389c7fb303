-- What an owner decides of a website's sessions.
ALTER TABLE websites
    -- Seconds of engagement from which a session of one page view is no bounce (SPEC R22); NULL: none are.
    ADD COLUMN engaged_threshold_s integer CHECK (engaged_threshold_s BETWEEN 1 AND 86400),
    -- Whether somebody who comes by another campaign begins another session (SPEC R18).
    ADD COLUMN split_on_campaign boolean NOT NULL DEFAULT false;
