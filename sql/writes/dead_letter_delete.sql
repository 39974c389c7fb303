-- Throw a dead letter away.
DELETE FROM dead_letter
WHERE partition = %(partition)s AND entry_ms = %(entry_ms)s AND entry_seq = %(entry_seq)s AND position = %(position)s
RETURNING partition
