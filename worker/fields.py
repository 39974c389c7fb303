"""Fields of binary COPY (PostgreSQL documentation, "COPY", "Binary Format"): a length, then the value.

By hand, because most of a row repeats what the row before it says: what repeats is made once, and a row
is joined of it. What does not repeat and is rare is psycopg's.
NULL is the length -1. A number that does not fit raises struct.error, a lone surrogate UnicodeError.
"""

from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from struct import Struct

import msgspec
from psycopg.adapt import PyFormat, Transformer

SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
NULL = b"\xff\xff\xff\xff"
# Texts repeat: sites, pages, titles, browsers.
CACHED_TEXTS = 16_384
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_length = Struct(">i").pack
_smallint = Struct(">ih").pack
_integer = Struct(">ii").pack
_bigint = Struct(">iq").pack


def microseconds(moment: datetime) -> int:
    """The value of a timestamptz: microseconds since 2000."""
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def rare_text(value: str) -> bytes:
    """A text that will hardly come again: remembering it would cost another its place."""
    encoded = value.encode()
    return _length(len(encoded)) + encoded


@lru_cache(CACHED_TEXTS)
def text(value: str | None) -> bytes:
    return NULL if value is None else rare_text(value)


def smallint(value: int | None) -> bytes:
    return NULL if value is None else _smallint(2, value)


def integer(value: int | None) -> bytes:
    return NULL if value is None else _integer(4, value)


def bigint(value: int) -> bytes:
    return _bigint(8, value)


def boolean(value: bool | None) -> bytes:  # noqa: FBT001 (the value itself)
    return NULL if value is None else b"\0\0\0\1\1" if value else b"\0\0\0\1\0"


def timestamptz(value: datetime) -> bytes:
    return _bigint(8, microseconds(value))


def jsonb(value: msgspec.Raw) -> bytes:
    """JSON text that is there already."""
    # The binary form of jsonb: its version, then the text.
    return _length(len(value) + 1) + b"\1" + bytes(value)


def other(value: Decimal | list[str]) -> bytes:
    """Whatever is rare, as psycopg writes it."""
    dumper = Transformer().get_dumper(value, PyFormat.BINARY)
    written = dumper.dump(value)
    return NULL if written is None else _length(len(written)) + bytes(written)
