"""The 64-bit name of a visitor or a session."""

import hashlib


def digest64(website_id: str, text: str) -> int:
    """Signed 64-bit blake2b of (website_id, 0, text)."""
    digest = hashlib.blake2b(f"{website_id}\0{text}".encode(errors="surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)
