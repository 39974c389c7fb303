"""How the database remembers ids that clients chose, so that a retry counts once (SPEC R57): the keys of event_seen."""

import hashlib
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from uuid import UUID

# How far the day inside a UUIDv7 may lie from the day of receipt to name a bucket.
OLDEST_ID = timedelta(days=8)
NEWEST_ID = timedelta(days=1)
ANY_BUCKET = date(2000, 1, 1)
# What is imported from elsewhere is remembered for ever.
IMPORTED_BUCKET = date(1999, 1, 1)
_EPOCH = date(1970, 1, 1)
_EPOCH_START = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECONDS_A_DAY = 86_400_000


def seen_key(website_id: str, event_id: UUID) -> str:
    """The key of a client's id in event_seen, in hexadecimal; one website's ids never meet another's."""
    # The id as its 16 bytes: to write it out costs twice as much as the hash.
    named = website_id.encode(errors="surrogatepass") + b"\x1f" + event_id.int.to_bytes(16)
    return hashlib.sha256(named).hexdigest()[:32]


def seen_bucket(event_id: UUID, received_at: datetime) -> date:
    """The partition of event_seen that holds the id: for an id whose day is believable a pure function of
    the id, so that every retry looks in the same place."""
    number = event_id.int
    # As UUID.version says: 7, of RFC 9562's variant.
    if (number >> 76) & 15 == 7 and (number >> 62) & 3 == 2:
        # UUIDv7 begins with 48 bits of Unix milliseconds; beyond year 9999 there is no date.
        days = (number >> 80) // _MILLISECONDS_A_DAY
        age = (received_at - _EPOCH_START).days - days
        if -NEWEST_ID.days <= age <= OLDEST_ID.days:
            return _day(days)
    return ANY_BUCKET


@lru_cache(64)
def _day(number: int) -> date:
    return _EPOCH + timedelta(days=number)
