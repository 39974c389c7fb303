"""The second wall: a report's connection sees one website and can write nothing, whatever it is told to run."""

from uuid import uuid4

import psycopg
import pytest
from psycopg import errors, sql
from psycopg.conninfo import make_conninfo

from sql.migrate import migrate
from tests.queryapi.rig import SITE, Hit, at, refresh, running, settings_for, store, vector
from tests.queryapi.test_answers import DASHBOARD
from tests.services import with_database

THEIRS = "their-website"


def relations(connection: psycopg.Connection) -> list[sql.Identifier]:
    """Every table and view there is, but for those of PostgreSQL itself."""
    rows = connection.execute(
        "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')"
        " AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')"
    ).fetchall()
    return [sql.Identifier(schema, name) for schema, name in rows]


@pytest.mark.parametrize("is_rolled_up", [False, True], ids=["dirty", "rolled up"])
def test_a_pinned_connection_reads_one_website_alone(database: str, is_rolled_up: bool) -> None:
    store(database, [*vector(), Hit(at=at("10:00:00"), website_id=THEIRS, page=f"/{THEIRS}")])
    if is_rolled_up:
        refresh(database)
    readable: set[str] = set()

    with psycopg.connect(database) as connection:
        everything = relations(connection)
        pinned = connection.execute("SELECT pin_website(%s)", (SITE,)).fetchone()
        for relation in everything:
            name = relation.as_string(connection)
            try:
                with connection.transaction():
                    count = sql.SQL("SELECT count(*), count(*) FILTER (WHERE r::text LIKE {}) FROM {} r")
                    found = connection.execute(count.format(sql.Literal(f"%{THEIRS}%"), relation)).fetchone()
            except psycopg.Error:
                continue
            assert found is not None and found[1] == 0, name
            if found[0]:
                readable.add(name)
        facts = connection.execute("SELECT DISTINCT website_id FROM session_facts_between('-infinity', 'infinity')")

        assert pinned == (True,)
        assert '"pinned"."events"' in readable
        assert not {name for name in readable if name.startswith('"public"')} - {'"public"."dropped_days"'}
        assert facts.fetchall() == [(SITE,)]


def test_a_pinned_connection_sees_nothing_that_opens_anything(database: str) -> None:
    """Neither what keys, links and passwords are checked against, nor who may see the website."""
    with psycopg.connect(database) as connection:
        rows = connection.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'pinned'"
            " AND (column_name ~ 'digest|key|password|secret|payload' OR table_name ~ 'user|share')"
        ).fetchall()

    assert rows == [("funnels", "creation_key")]


def test_a_pinned_connection_writes_nothing(database: str) -> None:
    store(database, vector())

    with psycopg.connect(database) as connection:
        everything = relations(connection)
        connection.execute("SELECT pin_website(%s)", (SITE,))
        for relation in everything:
            with pytest.raises(psycopg.Error), connection.transaction():
                connection.execute(sql.SQL("DELETE FROM {}").format(relation))
        for schema in ("public", "pinned"):
            with pytest.raises(errors.InsufficientPrivilege), connection.transaction():
                connection.execute(sql.SQL("CREATE TABLE {} (one integer)").format(sql.Identifier(schema, "made")))


def test_no_website_named_is_none_seen(database: str) -> None:
    store(database, vector())

    with psycopg.connect(database) as connection:
        connection.execute("SET LOCAL ROLE analytics_read")
        found = connection.execute("SELECT count(*) FROM pinned.events").fetchone()

    assert found == (0,)


async def test_an_owner_who_may_create_no_role_reads_without_the_wall(postgres_url: str) -> None:
    name = f"analytics_test_{uuid4().hex[:12]}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'secret'").format(sql.Identifier(name)))
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(*[sql.Identifier(name)] * 2))
    superuser = with_database(postgres_url, name)
    url = make_conninfo(superuser, user=name, password="secret")
    try:
        applied = migrate(url)
        store(url, vector())
        async with running(settings_for(url)) as api:
            reply = await api.get(DASHBOARD, "from=2026-03-02&to=2026-03-03")
    finally:
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
            connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))

    assert "0023_pinned.sql" in applied
    assert (reply.status, reply.body["metrics"]["page_views"]) == (200, 6)
