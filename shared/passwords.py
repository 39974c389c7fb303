"""Passwords of people who sign in, kept as argon2id (RELIABILITY 6.1)."""

import unicodedata
from secrets import choice

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

MIN_PASSWORD_CHARACTERS = 10
MAX_PASSWORD_BYTES = 1024
# Without those that are taken for one another: somebody may have to type it.
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
_MADE_CHARACTERS = 20

# The library's current defaults, which rise with its releases: 64 MiB and 3 passes, 0.1 s on one core.
_hasher = PasswordHasher()


def check_password(password: str) -> str | None:
    """What is wrong with a password that somebody chose, None when nothing is."""
    if len(password) < MIN_PASSWORD_CHARACTERS:
        return f"must have at least {MIN_PASSWORD_CHARACTERS} characters"
    if len(password.encode()) > MAX_PASSWORD_BYTES:
        return f"longer than {MAX_PASSWORD_BYTES} bytes"
    return None


def make_password() -> str:
    """A password of 100 random bits."""
    return "".join(choice(_ALPHABET) for _ in range(_MADE_CHARACTERS))


def hash_password(password: str) -> str:
    """What is kept of a password. Takes a tenth of a second and 64 MiB, and holds no lock of the interpreter."""
    return _hasher.hash(_composed(password))


def is_password(kept: str, password: str) -> bool:
    """Whether `password` is the one that `kept` was made from; costs what `hash_password` costs. Raises
    InvalidHashError when `kept` is no hash, which only a damaged table has."""
    try:
        return _hasher.verify(kept, _composed(password))
    except VerifyMismatchError:
        return False


def is_outdated(kept: str) -> bool:
    """Whether `kept` was made with other parameters than today's."""
    return _hasher.check_needs_rehash(kept)


def _composed(password: str) -> bytes:
    # The same letters from another keyboard (RFC 8265).
    return unicodedata.normalize("NFC", password).encode()
