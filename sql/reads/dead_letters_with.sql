-- Dead letters of the website, or of nobody, whose payload has the text in it.
SELECT partition, entry_ms, entry_seq, position, website_id, payload
FROM dead_letter
WHERE (website_id = %(website_id)s OR website_id IS NULL)
    AND (partition, entry_ms, entry_seq, position) > (%(partition)s, %(entry_ms)s, %(entry_seq)s, %(position)s)
    AND position(%(text)s::bytea IN payload) > 0
ORDER BY partition, entry_ms, entry_seq, position
LIMIT %(limit)s
