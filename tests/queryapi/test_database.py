"""The reading connection: what the database makes of what it is asked."""

import psycopg
import pytest

from queryapi.database import make_pool
from tests.queryapi.rig import settings_for


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT count(DISTINCT visitor) AS found FROM hits WHERE current_setting('a.b') = 'c'",
        "SELECT count(*) AS found FROM (SELECT DISTINCT visitor FROM hits WHERE current_setting('a.b') = 'c') AS each",
    ],
    ids=["in an aggregate", "in rows"],
)
async def test_few_values_of_many_rows_are_told_apart_below_a_condition_on_none(database: str, statement: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE TABLE hits (at timestamptz NOT NULL, visitor int)")
        if connection.execute("SELECT FROM pg_extension WHERE extname = 'timescaledb'").fetchone() is not None:
            connection.execute("SELECT create_hypertable('hits', 'at')")
        connection.execute("CREATE INDEX ON hits (visitor)")
        connection.execute(
            "INSERT INTO hits SELECT '2026-01-01'::timestamptz + n * interval '1 minute', n % 3"
            " FROM generate_series(1, 50000) AS each (n)"
        )
        connection.execute("VACUUM ANALYZE hits")

    async with make_pool(settings_for(database), database) as pool, pool.connection() as connection:
        await connection.execute("SET a.b = 'c'")
        cursor = await connection.execute(statement.encode())

        assert await cursor.fetchone() == {"found": 3}
