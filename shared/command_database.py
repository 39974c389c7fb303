"""The database as a command uses it: one transaction, and a sentence for people when it cannot be."""

from collections.abc import Generator
from contextlib import contextmanager

import psycopg
from psycopg.rows import DictRow, dict_row

from shared.settings import Settings


class CommandError(Exception):
    """What was asked cannot be done; the message names the argument, or says what to do."""


@contextmanager
def transaction(settings: Settings) -> Generator[psycopg.Connection[DictRow]]:
    """A connection whose statements are committed together at the end; raises CommandError when the
    database is away."""
    try:
        with psycopg.Connection[DictRow].connect(
            settings.database_url, connect_timeout=5, row_factory=dict_row
        ) as connection:
            yield connection
    except psycopg.OperationalError as error:
        raise CommandError(f"the database does not answer: {error}; is `analytics up` running?") from error
