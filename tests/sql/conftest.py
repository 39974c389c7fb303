"""Databases: one that nothing was done to, and one with room for what these tests write."""

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from tests.services import Servers, with_database


@pytest.fixture
def blank_database(servers: Servers, flavour: str) -> Iterator[str]:
    """The URL of an empty database, once for each flavour."""
    admin_url = servers.database(flavour).admin_url
    name = f"analytics_blank_{uuid4().hex[:12]}"
    with psycopg.connect(admin_url, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    yield with_database(admin_url, name)
    with psycopg.connect(admin_url, autocommit=True) as admin:
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def march(database: str) -> str:
    """A database with room for days of March 2026."""
    with psycopg.connect(database) as connection:
        connection.execute("SELECT ensure_days('2026-03-08', '2026-03-11')")
    return database
