-- Events that gateways dropped on purpose: what became of those that never came into the stream. `gateway` is a process,
-- whose count of an hour only grows.
CREATE TABLE gateway_drops (
    website_id text NOT NULL,
    hour timestamptz NOT NULL,
    reason text NOT NULL,
    gateway text NOT NULL,
    events bigint NOT NULL,
    PRIMARY KEY (website_id, hour, reason, gateway)
);
