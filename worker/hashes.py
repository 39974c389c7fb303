"""The 64-bit names that the rollups use for visitors and sessions, and the keys of ids seen."""

import hashlib
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from uuid import UUID

from shared.event import Event
from shared.hashes import digest64

# SPEC R57: how far the day inside a UUIDv7 may lie from the day of receipt to name a bucket.
OLDEST_ID = timedelta(days=8)
NEWEST_ID = timedelta(days=1)
IMPORTED_BUCKET = date(1999, 1, 1)
ANY_BUCKET = date(2000, 1, 1)
_EPOCH = date(1970, 1, 1)
_EPOCH_START = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECONDS_A_DAY = 86_400_000
# A digest is 1.4 us; the events of a visitor, and of a session, come close together.
CACHED_HASHES = 65_536


@lru_cache(CACHED_HASHES)
def hash64(website_id: str, text: str) -> int:
    """`digest64`, of what comes again."""
    return digest64(website_id, text)


@lru_cache(CACHED_HASHES)
def client_session_hash(website_id: str, visitor_id: str, session_id: str) -> int:
    """The hash of a session that a client named: its name means something only for its visitor (SPEC R13)."""
    return digest64(website_id, f"{visitor_id}\0{session_id}")


def derived_session_id(website_id: str, visitor_id: str, first_event: UUID) -> str:
    """16 hex digits, the same for the same first event."""
    text = f"{website_id}\0{visitor_id}\0{first_event.hex}"
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=8).hexdigest()


def seen_key(event: Event) -> str:
    """The key of a client's id in event_seen, in hexadecimal; one website's ids never meet another's."""
    text = f"{event.website_id}\x1f{event.id}"
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:32]


def seen_bucket(event: Event, received_at: datetime) -> date:
    """The partition of event_seen that holds the id: for an id whose day is believable a pure function of
    the id, so that every retry looks in the same place."""
    if event.is_imported:
        return IMPORTED_BUCKET
    number = event.id.int
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
