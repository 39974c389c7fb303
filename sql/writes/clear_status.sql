-- Forget workers that ended without saying so.
DELETE FROM worker_status WHERE seen_at < now() - INTERVAL '1 hour'
