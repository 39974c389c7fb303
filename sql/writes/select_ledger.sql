-- Which parts of stream entries were written before.
SELECT ledger.partition, ledger.entry_ms, ledger.entry_seq, ledger.part
FROM unnest(%(partitions)s::smallint[], %(milliseconds)s::bigint[], %(sequences)s::bigint[])
    AS entries (partition, entry_ms, entry_seq)
JOIN ingest_ledger AS ledger USING (partition, entry_ms, entry_seq)
