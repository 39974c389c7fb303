"""Every value that a database holds, looked through."""

import psycopg
from psycopg import sql

# Tables with rows of their own: partitions and chunks among them, wherever they lie.
_TABLES = r"""
SELECT n.nspname, c.relname
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'm', 'v')
    AND (n.nspname = current_schema() OR c.relname LIKE '\_hyper\_%' OR c.relname LIKE '\_materialized\_hyper%')
"""


def tables_with(database: str, *texts: str) -> set[str]:
    """The tables and views in which any of the texts is part of a row, as text or as the bytes of one."""
    found: set[str] = set()
    with psycopg.connect(database) as connection:
        for schema, name in connection.execute(_TABLES).fetchall():
            search = sql.SQL("SELECT EXISTS (SELECT FROM {} t WHERE t::text LIKE ANY (%s))").format(
                sql.Identifier(schema, name)
            )
            patterns = [f"%{form}%" for text in texts for form in (text, text.encode().hex())]
            if connection.execute(search, (patterns,)).fetchone() == (True,):
                found.add(name)
    return found


def pack(database: str) -> None:
    """Roll everything up, and put it where old rows lie: into the columnstore, in the flavour that has one."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CALL rollup_refresh()")
        if connection.execute("SELECT to_regclass('timescaledb_information.chunks') IS NULL").fetchone() == (True,):
            return
        chunks = connection.execute(
            "SELECT format('%I.%I', chunk_schema, chunk_name) FROM timescaledb_information.chunks c"
            " JOIN timescaledb_information.hypertables h USING (hypertable_schema, hypertable_name)"
            " WHERE h.compression_enabled"
        )
        for (chunk,) in chunks.fetchall():
            connection.execute("CALL convert_to_columnstore(%s::regclass)", (chunk,))
