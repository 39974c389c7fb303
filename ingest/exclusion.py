"""Networks whose events a website does not want (SPEC R56)."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address

from shared.networks import Network, parse_network
from shared.registry import Website

# Websites with networks of their own that send at the same time.
CACHED_WEBSITES = 1024


def is_excluded(website: Website, address: bytes) -> bool:
    """Whether a packed address lies in one of them; the empty one, which is not known, in none."""
    if not website.excluded_networks or not address:
        return False
    parsed = IPv4Address(address) if len(address) == 4 else IPv6Address(address)
    return any(parsed in network for network in _networks(website.excluded_networks))


@lru_cache(CACHED_WEBSITES)
def _networks(texts: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(parse_network(text) for text in texts)
