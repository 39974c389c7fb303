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
_UNSIGNED = 2**64 - 1


@lru_cache(CACHED_HASHES)
def hash64(website_id: str, text: str) -> int:
    """`digest64`, of what comes again."""
    return digest64(website_id, text)


@lru_cache(CACHED_HASHES)
def client_session_hash(website_id: str, visitor_id: str, session_id: str) -> int:
    """The hash of a session that a client named: its name means something only for its visitor (SPEC R13)."""
    return digest64(website_id, f"{visitor_id}\0{session_id}")


def derived_session(website_id: str, visitor_id: str, first_event: UUID) -> tuple[str, int]:
    """The id and the hash of a session that no client named, the same for the same first event: the hash,
    and its 16 hex digits."""
    session_hash = digest64(website_id, f"{visitor_id}\0{first_event.hex}")
    return _digits(session_hash), session_hash


def is_derived_session(session_id: str, session_hash: int) -> bool:
    """Whether no client named the session."""
    return session_id == _digits(session_hash)


def _digits(session_hash: int) -> str:
    return f"{session_hash & _UNSIGNED:016x}"


def seen_key(event: Event) -> str:
    """The key of a client's id in event_seen, in hexadecimal; one website's ids never meet another's."""
    # The id as its 16 bytes: to write it out costs twice as much as the hash.
    named = event.website_id.encode(errors="surrogatepass") + b"\x1f" + event.id.int.to_bytes(16)
    return hashlib.sha256(named).hexdigest()[:32]


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
