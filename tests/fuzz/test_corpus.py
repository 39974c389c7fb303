"""Whatever a fuzzer has ever found, or found worth trying, breaks no promise (RELIABILITY G9)."""

import pytest

from tests.fuzz.rows import read_rows
from tests.fuzz.targets import TARGETS


@pytest.mark.parametrize("target", TARGETS)
def test_every_row_of_the_corpus_keeps_the_promises(target: str) -> None:
    rows = read_rows(target)

    for row in rows:
        TARGETS[target].check(row)

    assert rows
