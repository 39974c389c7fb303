import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from sql.migrate import MIGRATIONS, MigrationError, list_migrations, migrate, pending

FIRST = b"CREATE TABLE first (n integer);"
SECOND = b"CREATE TABLE second AS SELECT * FROM first;"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "0002_second.sql").write_bytes(SECOND)
    (tmp_path / "0001_first.sql").write_bytes(FIRST)
    return tmp_path


def test_files_are_applied_in_order_and_once(blank_database: str, directory: Path) -> None:
    waiting = pending(blank_database, directory)

    assert migrate(blank_database, directory) == waiting == ["0001_first.sql", "0002_second.sql"]
    assert migrate(blank_database, directory) == []
    assert pending(blank_database, directory) == []


def test_four_starters_apply_every_file_once(blank_database: str, flavour: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        applied = list(pool.map(migrate, [blank_database] * 4))

    expected = [migration.name for migration in list_migrations(flavour)]
    assert sorted(name for names in applied for name in names) == expected


def test_the_flavour_of_the_server_is_chosen_and_remembered(blank_database: str, flavour: str) -> None:
    migrate(blank_database)

    with psycopg.connect(blank_database) as connection:
        assert connection.execute("SELECT DISTINCT flavour FROM schema_migrations").fetchall() == [(flavour,)]


def test_a_plain_database_stays_plain_when_the_extension_comes(blank_database: str, directory: Path) -> None:
    migrate(blank_database, directory)
    with psycopg.connect(blank_database) as connection:
        connection.execute("UPDATE schema_migrations SET flavour = 'postgres'")
    (directory / "0003_third.postgres.sql").write_bytes(b"CREATE TABLE third ();")
    (directory / "0003_third.timescale.sql").write_bytes(b"this is never run;")

    assert migrate(blank_database, directory) == ["0003_third.postgres.sql"]


def test_a_database_whose_extension_is_gone_is_refused(blank_database: str, directory: Path) -> None:
    migrate(blank_database, directory)
    with psycopg.connect(blank_database) as connection:
        connection.execute("UPDATE schema_migrations SET flavour = 'timescale'")
        connection.execute("DROP EXTENSION IF EXISTS timescaledb")

    with pytest.raises(MigrationError, match="TimescaleDB Community, which is not there"):
        migrate(blank_database, directory)


def test_a_file_changed_after_it_was_applied_stops_the_start(blank_database: str, directory: Path) -> None:
    migrate(blank_database, directory)
    (directory / "0001_first.sql").write_bytes(FIRST + b"-- later")

    with pytest.raises(MigrationError, match=r"0001_first\.sql: changed since it was applied"):
        migrate(blank_database, directory)


def test_a_database_of_newer_code_is_refused(blank_database: str, directory: Path) -> None:
    migrate(blank_database, directory)
    (directory / "0002_second.sql").unlink()

    with pytest.raises(MigrationError, match=r"0002_second\.sql: applied by newer code"):
        migrate(blank_database, directory)


def test_a_file_numbered_before_an_applied_one_is_refused(blank_database: str, directory: Path) -> None:
    migrate(blank_database, directory)
    (directory / "0000_zeroth.sql").write_bytes(b"SELECT 1")

    with pytest.raises(MigrationError, match=r"0000_zeroth\.sql: numbered before 0002_second\.sql"):
        migrate(blank_database, directory)


def test_a_file_that_fails_leaves_nothing_behind(blank_database: str, directory: Path) -> None:
    (directory / "0002_second.sql").write_bytes(b"CREATE TABLE half (); SELECT 1 / 0;")

    with pytest.raises(MigrationError, match=r"0002_second\.sql: division by zero"):
        migrate(blank_database, directory)

    assert pending(blank_database, directory) == ["0002_second.sql"]
    with psycopg.connect(blank_database) as connection:
        assert connection.execute("SELECT to_regclass('half')").fetchone() == (None,)


def test_a_marked_file_runs_outside_a_transaction(blank_database: str, directory: Path) -> None:
    (directory / "0003_index.sql").write_bytes(
        b"-- migrate: outside a transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS first_n ON first (n);"
    )

    assert migrate(blank_database, directory)[-1] == "0003_index.sql"


def test_every_migration_has_a_number_a_name_and_perhaps_a_flavour() -> None:
    names = [path.name for path in MIGRATIONS.iterdir()]

    assert [name for name in names if not re.fullmatch(r"\d{4}_[a-z_]+(\.timescale|\.postgres)?\.sql", name)] == []
