"""The address at the other end, seen through proxies that are trusted (SPEC R14, RELIABILITY 6.4)."""

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv6Address
from socket import AF_INET, AF_INET6, inet_pton

from shared.settings import Settings

# A longer chain was not built by proxies that we trust; the connection's own address is used.
MAX_FORWARDED_BYTES = 2048
_MAPPED_PREFIX = b"\0" * 10 + b"\xff\xff"


class Proxies:
    """The proxies of TRUSTED_PROXIES, and what they say of whom they speak for."""

    def __init__(self, settings: Settings) -> None:
        self._trusted = settings.trusted_proxies
        self._address_header = settings.client_ip_header.encode("latin-1", "ignore")

    def is_trusted(self, address: bytes) -> bool:
        """Whether a packed address is one of a trusted proxy."""
        if not self._trusted or not address:
            return False
        parsed = IPv4Address(address) if len(address) == 4 else IPv6Address(address)
        return any(parsed in network for network in self._trusted)

    def client(self, peer: bytes, headers: Mapping[bytes, bytes], raw: Iterable[tuple[bytes, bytes]]) -> bytes:
        """The first address, from the right, that is not one of our proxies; for a `peer` that is one.

        `headers` is `raw` with the last of each name; only a chain of proxies needs them all.
        """
        if self._address_header:
            named = headers.get(self._address_header, b"").strip().decode("latin-1")
            return pack_address(named) or peer
        chain = b",".join(value for name, value in raw if name == b"x-forwarded-for")
        if not chain or len(chain) > MAX_FORWARDED_BYTES:
            return peer
        nearest = peer
        for hop in reversed(chain.decode("latin-1").split(",")):
            address = pack_address(hop.strip())
            if address is None:
                break
            nearest = address
            if not self.is_trusted(address):
                break
        return nearest


def pack_address(text: str | None) -> bytes | None:
    """4 or 16 bytes, an IPv4-mapped IPv6 address as 4; None when `text` is not an address."""
    if not text:
        return None
    try:
        if ":" not in text:
            return inet_pton(AF_INET, text)
        packed = inet_pton(AF_INET6, text)
    except (OSError, ValueError):
        return None
    return packed[12:] if packed.startswith(_MAPPED_PREFIX) else packed


def client_key(address: bytes) -> bytes:
    """The network a client is limited by: /24 for IPv4, /56 for IPv6."""
    return address[:3] if len(address) == 4 else address[:7]
