-- A visitor's events, for the worker: whoever it does not remember it looks up here. Without it each look read a day of
-- the visitor's website.
CREATE INDEX events_visitor ON events (website_id, visitor_hash);
