-- Who was there, lane by lane, from the index alone: a sample of the visitors of 30 days is read in a tenth of the
-- time that looking up its rows takes.
DROP INDEX rollup_sessions_lane;
CREATE INDEX rollup_sessions_lane ON rollup_sessions (website_id, lane, bucket)
    INCLUDE (visitor_hash, is_bot, pageviews, custom_events);
