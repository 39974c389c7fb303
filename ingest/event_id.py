"""UUIDv7 (RFC 9562 section 5.7) for events whose sender named none."""

from collections.abc import Iterator
from datetime import datetime
from random import getrandbits
from struct import pack
from uuid import UUID

import msgspec

_VERSION = 0x7 << 12
_VARIANT = 0b10 << 62
# msgspec makes each from its digits in 0.3 us, the class itself in 0.6.
_decoder = msgspec.json.Decoder(list[UUID])


def event_ids(received: datetime, count: int) -> Iterator[UUID]:
    """`count` ids that sort by the millisecond of receipt, and among themselves.

    Unique, not secret: an id grants nothing. 12 random bits before the variant and 61 after it begin a
    request's ids, the rest count up from there (RFC 9562 section 6.2, method 2); the 62nd bit is room to count.
    """
    high = f"{int(received.timestamp() * 1000) << 16 | _VERSION | getrandbits(12):016x}"
    low = _VARIANT | getrandbits(61)
    digits = pack(f">{count}Q", *range(low, low + count)).hex(",", 8).replace(",", f'","{high}')
    return iter(_decoder.decode(f'["{high}{digits}"]'))
