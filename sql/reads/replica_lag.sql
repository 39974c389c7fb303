-- How far behind its primary this server is: whether it follows one, and seconds, NULL when it should and does not.
-- What it has received is all it can show: behind by the age of what it replayed last, unless it has replayed it all.
SELECT
    pg_is_in_recovery() AS is_following,
    CASE
        WHEN NOT pg_is_in_recovery() THEN 0.0
        WHEN NOT EXISTS (SELECT FROM pg_stat_wal_receiver) THEN NULL
        WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0.0
        ELSE extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())
    END::double precision AS lag_seconds
