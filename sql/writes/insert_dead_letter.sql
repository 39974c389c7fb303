-- Keep what cannot be stored.
INSERT INTO dead_letter (
    partition, entry_ms, entry_seq, position, website_id, received_at, reason, sqlstate, error, payload
)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
