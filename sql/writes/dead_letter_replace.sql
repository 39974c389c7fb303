-- Keep a dead letter without some of its events.
UPDATE dead_letter
SET payload = %(payload)s
WHERE partition = %(partition)s AND entry_ms = %(entry_ms)s AND entry_seq = %(entry_seq)s AND position = %(position)s
RETURNING partition
