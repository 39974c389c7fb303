-- Forget what was picked for removals that ended half way.
DELETE FROM event_removals WHERE picked_at < now() - INTERVAL '1 day'
RETURNING removal_id
