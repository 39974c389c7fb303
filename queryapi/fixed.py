"""Statements that are whole as they stand in their file."""

from collections.abc import Mapping

from psycopg import sql

from queryapi.statement import Statement
from sql.statements import read


def fixed(name: str, values: Mapping[str, object]) -> Statement:
    """The statement `name`, such as `reads/websites`, with its values."""
    return Statement(sql.Composed([sql.SQL(read(name))]), values)
