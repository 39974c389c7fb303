-- Dead letters without what is in them, of one website or, for NULL, of all.
SELECT partition, entry_ms, entry_seq, position, website_id, died_at, reason, error
FROM dead_letter
WHERE (%(website_id)s::text IS NULL OR website_id = %(website_id)s)
    AND (partition, entry_ms, entry_seq, position) > (%(partition)s, %(entry_ms)s, %(entry_seq)s, %(position)s)
ORDER BY partition, entry_ms, entry_seq, position
LIMIT %(limit)s
