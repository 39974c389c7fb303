-- Claim stream entries for this transaction; answers those that no transaction has written before.
INSERT INTO ingest_ledger (partition, entry_ms, entry_seq, part)
SELECT entries.partition, entries.entry_ms, entries.entry_seq, %(part)s
FROM unnest(%(partitions)s::smallint[], %(milliseconds)s::bigint[], %(sequences)s::bigint[])
    AS entries (partition, entry_ms, entry_seq)
ORDER BY 1, 2, 3
ON CONFLICT DO NOTHING
RETURNING partition, entry_ms, entry_seq
