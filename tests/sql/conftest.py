"""A database that nothing was done to, for the tests of the runner."""

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
