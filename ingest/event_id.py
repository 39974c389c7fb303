"""UUIDv7 (RFC 9562 section 5.7) for events whose sender named none."""

from collections.abc import Iterator
from datetime import datetime
from random import getrandbits
from uuid import UUID

import msgspec

_VERSION_AND_VARIANT = (0x7 << 76) | (0b10 << 62)
# Of many, msgspec makes each from its digits in 0.3 us, the class itself in 0.6.
_decoder = msgspec.json.Decoder(list[UUID])


def event_ids(received: datetime, count: int) -> Iterator[UUID]:
    """`count` ids that sort by the millisecond of receipt, and among themselves.

    Unique, not secret: an id grants nothing. 12 random bits before the variant and 61 after it begin a
    request's ids, the rest count up from there (RFC 9562 section 6.2, method 2); the 62nd bit is room to count.
    """
    first = int(received.timestamp() * 1000) << 80 | _VERSION_AND_VARIANT | getrandbits(12) << 64 | getrandbits(61)
    if count == 1:
        yield UUID(int=first)
        return
    digits = [f"{number:032x}" for number in range(first, first + count)]
    yield from _decoder.decode('["' + '","'.join(digits) + '"]')
