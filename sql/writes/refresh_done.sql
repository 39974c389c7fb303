-- Remember when rollup_refresh was last done.
INSERT INTO last_refresh (done_at)
VALUES (now())
ON CONFLICT (is_only) DO UPDATE SET done_at = excluded.done_at
