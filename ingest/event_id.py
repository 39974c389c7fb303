"""UUIDv7 (RFC 9562 section 5.7) for events whose sender named none."""

from collections.abc import Callable
from datetime import datetime
from random import getrandbits
from uuid import UUID

_VERSION_AND_VARIANT = (0x7 << 76) | (0b10 << 62)


def event_ids(received: datetime) -> Callable[[], UUID]:
    """A maker of ids that sort by the millisecond of receipt."""
    prefix = int(received.timestamp() * 1000) << 80 | _VERSION_AND_VARIANT

    def new_id() -> UUID:
        # Unique, not secret: an id grants nothing. 12 random bits before the variant, 62 after it.
        random = getrandbits(74)
        return UUID(int=prefix | (random >> 62) << 64 | random & ((1 << 62) - 1))

    return new_id
