"""UUIDv7 (RFC 9562 section 5.7) for events whose sender named none."""

from datetime import datetime
from os import urandom
from uuid import UUID

_VERSION_AND_VARIANT = (0x7 << 76) | (0b10 << 62)
_RANDOM_BITS = ~((0xF << 76) | (0b11 << 62)) & ((1 << 80) - 1)


def new_event_id(received: datetime) -> UUID:
    """An id that sorts by the millisecond of receipt."""
    milliseconds = int(received.timestamp() * 1000)
    return UUID(int=milliseconds << 80 | int.from_bytes(urandom(10)) & _RANDOM_BITS | _VERSION_AND_VARIANT)
