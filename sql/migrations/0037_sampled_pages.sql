-- The sample of events with what pages are told by: how long they were looked at and how far, so that a filtered list of
-- pages is read from it alone.
DROP INDEX events_sixteenth;
CREATE INDEX events_sixteenth ON events (website_id, visitor_hash, "timestamp")
    INCLUDE (session_hash, arrival, session_started_at, is_bot, event_type, page, engaged_ms, scroll_depth)
    WHERE visitor_hash < -8070450532247928832;
