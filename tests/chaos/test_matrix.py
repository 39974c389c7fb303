"""The table of crashes is complete, and what it names is there."""

import ast
from pathlib import Path

import pytest

from tests.chaos.matrix import TESTS, WITHOUT_TEST

ROOT = Path(__file__).parents[2]


def test_every_row_has_a_test_or_a_reason() -> None:
    assert sorted([*TESTS, *WITHOUT_TEST]) == sorted(f"C{number}" for number in range(1, 40))


@pytest.mark.parametrize("named", sorted({named for row in TESTS.values() for named in row}))
def test_what_the_table_names_exists(named: str) -> None:
    path, _, name = named.partition("::")
    functions = [node.name for node in ast.walk(ast.parse((ROOT / path).read_bytes())) if isinstance(node, _FUNCTIONS)]

    assert name in functions


_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
