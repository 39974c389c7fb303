"""The statements of the services: one a file, under reads/ and writes/."""

from functools import cache
from pathlib import Path
from typing import LiteralString, cast

ROOT = Path(__file__).parent


@cache
def read(name: str) -> LiteralString:
    """The statement `name`, such as `reads/top_pages`. Raises FileNotFoundError.

    What a file of this package holds is as fixed as a literal: the one place where a cast says so.
    """
    return cast("LiteralString", (ROOT / f"{name}.sql").read_text(encoding="utf-8"))
