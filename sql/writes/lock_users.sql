-- One change of the users at a time, in every process, until the end of the transaction. Reading goes on.
SELECT pg_advisory_xact_lock(7270001)
