"""The query API over a database of its own."""

from collections.abc import Iterator

import pytest

from tests.model.asking import Asker


@pytest.fixture
def asker(database: str) -> Iterator[Asker]:
    running = Asker(database)
    try:
        yield running
    finally:
        running.close()
