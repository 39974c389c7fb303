-- Forget a worker that ends on purpose.
DELETE FROM worker_status WHERE worker_id = %(worker_id)s
