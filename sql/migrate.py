"""Brings a database to the shape this code expects. The only Python that knows of the two flavours."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import psycopg
import structlog
from psycopg import errors

log = structlog.get_logger()

MIGRATIONS = Path(__file__).parent / "migrations"
FLAVOURS = ("timescale", "postgres")
OLDEST_POSTGRES = 160_000
# Any fixed number will do, as long as nothing else in the database uses it.
MIGRATION_LOCK = 7_270_000
# A file that begins with this line holds one statement that PostgreSQL refuses inside a transaction
# (CREATE INDEX CONCURRENTLY). It must be safe to run again: a crash can fall between it and its record.
OUTSIDE_TRANSACTION = b"-- migrate: outside a transaction\n"


class MigrationError(Exception):
    """The database cannot be brought to the shape this code expects; the message says why."""


@dataclass(frozen=True)
class Migration:
    """One numbered file for the flavour at hand."""

    name: str
    body: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.body).hexdigest()


def migrate(database_url: str, directory: Path = MIGRATIONS) -> list[str]:
    """Names of the files applied now, in order; empty when nothing was left to do.

    Any number of starters may call it at once: one works, the others wait. Raises MigrationError.
    """
    with psycopg.connect(database_url, autocommit=True) as connection:
        _check_server(connection)
        connection.execute("SELECT pg_advisory_lock(%s)", (MIGRATION_LOCK,))
        flavour = _remembered_flavour(connection) or _choose_flavour(connection)
        connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_migrations (name text PRIMARY KEY, sha256 text NOT NULL,"
            " flavour text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
        )
        waiting = _unapplied(connection, list_migrations(flavour, directory))
        for migration in waiting:
            _apply(connection, migration, flavour)
        if waiting and directory == MIGRATIONS:
            _build_wall(connection)
        return [migration.name for migration in waiting]


def _build_wall(connection: psycopg.Connection) -> None:
    """The second wall around what reports read, for every relation there is now (0023_pinned)."""
    connection.execute("SELECT pin_relations()")
    if connection.execute("SELECT to_regnamespace('pinned') IS NULL").fetchone() == (True,):
        log.warning("no_second_wall", reason="the owner may not take the role analytics_read, see sql/README.md")


def pending(database_url: str, directory: Path = MIGRATIONS) -> list[str]:
    """Names of the files `migrate` would apply; changes nothing. Raises MigrationError."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        flavour = _remembered_flavour(connection)
        if flavour is None:
            return [migration.name for migration in list_migrations(FLAVOURS[0], directory)]
        return [migration.name for migration in _unapplied(connection, list_migrations(flavour, directory))]


def list_migrations(flavour: str, directory: Path = MIGRATIONS) -> list[Migration]:
    """The files of `flavour`: `NNNN_what.sql` for both and `NNNN_what.<flavour>.sql`, by number."""
    found = [
        Migration(path.name, path.read_bytes())
        for path in sorted(directory.glob("*.sql"))
        if path.name.count(".") == 1 or path.name.split(".")[1] == flavour
    ]
    numbers = [migration.name[:5] for migration in found]
    if len(set(numbers)) != len(numbers):
        raise MigrationError(f"{directory}: two migrations of one flavour share a number")
    return found


def _check_server(connection: psycopg.Connection) -> None:
    if connection.info.server_version < OLDEST_POSTGRES:
        raise MigrationError(f"PostgreSQL 16 or newer is needed, this is {connection.info.server_version // 10_000}")
    # Without these an acknowledged event can be lost, or a page torn, when the machine stops.
    unsafe = connection.execute(
        "SELECT name FROM pg_settings WHERE name IN ('fsync', 'full_page_writes') AND setting = 'off' ORDER BY name"
    ).fetchall()
    if unsafe:
        raise MigrationError(f"{', '.join(str(row[0]) for row in unsafe)}: off on this server, must be on")


def _remembered_flavour(connection: psycopg.Connection) -> str | None:
    """The flavour this database was made with, or None when it is new."""
    exists = connection.execute("SELECT to_regclass('schema_migrations') IS NOT NULL").fetchone()
    if exists != (True,):
        return None
    row = connection.execute("SELECT min(flavour) FROM schema_migrations").fetchone()
    if row is None or row[0] is None:
        return None
    flavour = str(row[0])
    if flavour not in FLAVOURS:
        raise MigrationError(f"schema_migrations: unknown flavour {flavour!r}: the database was made by newer code")
    if flavour == "timescale" and not _has_community_timescale(connection):
        raise MigrationError("this database was made with TimescaleDB Community, which is not there any more")
    return flavour


def _choose_flavour(connection: psycopg.Connection) -> str:
    """Create the extension where the server has it loaded; what is chosen here stays for ever."""
    available = connection.execute(
        "SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'timescaledb')"
        # This setting is there only when the library is preloaded; without that, creation fails.
        " AND current_setting('timescaledb.max_background_workers', true) IS NOT NULL"
    ).fetchone()
    if available != (True,):
        return "postgres"
    try:
        connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
    except errors.InsufficientPrivilege as error:
        raise MigrationError("TimescaleDB is available: let a superuser run CREATE EXTENSION timescaledb") from error
    return "timescale" if _has_community_timescale(connection) else "postgres"


def _has_community_timescale(connection: psycopg.Connection) -> bool:
    # Continuous aggregates and the columnstore are not in the Apache edition.
    row = connection.execute(
        "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb')"
        " AND current_setting('timescaledb.license', true) = 'timescale'"
    ).fetchone()
    return row == (True,)


def _unapplied(connection: psycopg.Connection, migrations: list[Migration]) -> list[Migration]:
    rows = connection.execute("SELECT name, sha256 FROM schema_migrations ORDER BY name").fetchall()
    applied = {str(name): str(sha256) for name, sha256 in rows}
    unknown = sorted(applied.keys() - {migration.name for migration in migrations})
    if unknown:
        raise MigrationError(f"{unknown[0]}: applied by newer code than this; upgrade before starting")
    for migration in migrations:
        if applied.get(migration.name, migration.sha256) != migration.sha256:
            raise MigrationError(f"{migration.name}: changed since it was applied; add a new file instead")
    waiting = [migration for migration in migrations if migration.name not in applied]
    if waiting and applied and waiting[0].name < max(applied):
        raise MigrationError(f"{waiting[0].name}: numbered before {max(applied)}, which is already applied")
    return waiting


def _apply(connection: psycopg.Connection, migration: Migration, flavour: str) -> None:
    try:
        if migration.body.startswith(OUTSIDE_TRANSACTION):
            connection.execute(migration.body)
            _record(connection, migration, flavour)
        else:
            with connection.transaction():
                connection.execute(migration.body)
                _record(connection, migration, flavour)
    except psycopg.Error as error:
        raise MigrationError(f"{migration.name}: {error}") from error


def _record(connection: psycopg.Connection, migration: Migration, flavour: str) -> None:
    connection.execute(
        "INSERT INTO schema_migrations (name, sha256, flavour) VALUES (%s, %s, %s)",
        (migration.name, migration.sha256, flavour),
    )
