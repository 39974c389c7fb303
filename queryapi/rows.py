"""What comes out of the database, as types that go into JSON."""

from collections.abc import Mapping
from decimal import Decimal

Number = int | float | None
Row = Mapping[str, object]


def number(value: object) -> Number:
    """A number of a row for JSON; raises TypeError on anything else."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() and value.as_tuple().exponent == 0 else float(value)
    if value is None or isinstance(value, int | float):
        return value
    raise TypeError(f"not a number: {type(value).__name__}")


def whole(value: object) -> int:
    """A count of a row; raises TypeError on anything else."""
    if isinstance(value, int):
        return value
    if isinstance(value, Decimal):
        return int(value)
    raise TypeError(f"not a whole number: {type(value).__name__}")


def text(value: object) -> str | None:
    """A name of a row; raises TypeError on anything but text and NULL."""
    if value is None or isinstance(value, str):
        return value
    raise TypeError(f"not text: {type(value).__name__}")
