-- Take a dead letter out, to be sent again: it will be counted by what becomes of it then.
WITH taken AS (
    DELETE FROM dead_letter
    WHERE partition = %(partition)s AND entry_ms = %(entry_ms)s AND entry_seq = %(entry_seq)s AND position = %(position)s
    RETURNING partition, entry_ms, website_id, reason, payload
), uncounted AS (
    UPDATE ingest_counts c
    SET events = c.events - 1
    FROM taken
    WHERE c.website_id = coalesce(taken.website_id, '')
        AND c.hour = to_timestamp(taken.entry_ms / 3600000 * 3600)
        AND c.partition = taken.partition
        AND c.outcome = CASE taken.reason WHEN 'unknown_website' THEN 'unknown_website' ELSE 'dead_lettered' END
        AND c.events > 0
)
SELECT payload FROM taken
