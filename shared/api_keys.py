"""API keys: `ak_<id>_<secret><checksum>`. What is kept of one is its id and its SHA-256 (SPEC R63, N2)."""

import re
import zlib
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest
from secrets import choice, randbits
from string import ascii_letters, digits
from typing import NamedTuple

from shared.errors import AppError
from shared.registry import ApiKey
from shared.tokens import Principal, unauthorized

KEY_PREFIX = "ak_"
# What a key may be allowed, in the order it is told. Never `manage`: a key could make itself others.
KEY_SCOPES = ("stats:read", "events:read", "funnels:write", "ingest", "ingest:import")
MAX_KEY_NAME_CHARACTERS = 200
MAX_KEYS_PER_WEBSITE = 100

_ALPHABET = digits + ascii_letters
_ID_CHARACTERS = 12
_SECRET_BITS = 256
# What 256 and 32 bits take in base 62.
_SECRET_CHARACTERS = 43
_CHECKSUM_CHARACTERS = 6
_KEY = re.compile(rf"(ak_([0-9A-Za-z]{{{_ID_CHARACTERS}}})_[0-9A-Za-z]{{{_SECRET_CHARACTERS}}})([0-9A-Za-z]{{6}})")
_NO_DIGEST = bytes(32)


class NewKey(NamedTuple):
    """A key just made; `text` is shown once."""

    key_id: str
    text: str
    digest: bytes


def make_key() -> NewKey:
    """A key that nobody has."""
    key_id = "".join(choice(_ALPHABET) for _ in range(_ID_CHARACTERS))
    body = f"{KEY_PREFIX}{key_id}_{_base62(randbits(_SECRET_BITS), _SECRET_CHARACTERS)}"
    text = body + _checksum(body)
    return NewKey(key_id, text, _digest(text))


def parse_key_id(text: str) -> str:
    """The id in a key; raises AppError 401 when it is mistyped, which spares looking it up."""
    match = _KEY.fullmatch(text)
    if match is None or _checksum(match[1]) != match[3]:
        raise _not_valid()
    return match[2]


def key_principal(key: ApiKey | None, text: str, now: datetime) -> Principal:
    """Whom the key `text` speaks for, given what is kept under its id; raises AppError 401, in the same
    time for a wrong secret and for an id that is not there."""
    is_same = compare_digest(_digest(text), _NO_DIGEST if key is None else key.digest)
    if key is None or not is_same:
        raise _not_valid()
    if key.expires_at is not None and key.expires_at <= now:
        raise unauthorized("key_expired", "key: expired")
    return Principal(subject=f"{KEY_PREFIX}{key.key_id}", scopes=key.scopes, websites=frozenset({key.website_id}))


def check_key_scopes(scopes: frozenset[str]) -> str | None:
    """What is wrong with the scopes asked for a key, None when nothing is."""
    if not scopes or not scopes.issubset(KEY_SCOPES):
        return f"must be one or more of {', '.join(KEY_SCOPES)}"
    # Importing is sending, with the right to more.
    return "ingest:import needs ingest beside it" if "ingest:import" in scopes and "ingest" not in scopes else None


def _digest(text: str) -> bytes:
    return sha256(text.encode()).digest()


def _checksum(body: str) -> str:
    return _base62(zlib.crc32(body.encode()), _CHECKSUM_CHARACTERS)


def _base62(number: int, characters: int) -> str:
    found = ""
    for _ in range(characters):
        number, place = divmod(number, len(_ALPHABET))
        found = _ALPHABET[place] + found
    return found


def _not_valid() -> AppError:
    return unauthorized("invalid_token", "key: not valid")
