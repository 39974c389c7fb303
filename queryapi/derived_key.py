"""Keys of one purpose each, derived from the secret of the installation."""

import hashlib
import hmac

from shared.settings import Settings


def derived_key(settings: Settings, purpose: bytes) -> bytes:
    """32 bytes by HKDF (RFC 5869) from the token secret: the same in every process and after every restart.

    Where tokens are checked with a public key alone it is derived from that. Whoever knows it can then forge a
    cursor, and gains a list that begins somewhere else.
    """
    secret = settings.jwt_secret or settings.jwt_public_key
    extracted = hmac.digest(b"\0" * hashlib.sha256().digest_size, secret.encode(), "sha256")
    return hmac.digest(extracted, purpose + b"\x01", "sha256")
