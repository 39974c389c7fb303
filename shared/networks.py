"""Networks as people write them."""

import ipaddress
from typing import TypeAlias

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
# The longest an address can be written, with the bits of its network.
MAX_NETWORK_CHARACTERS = 49
MAX_EXCLUDED_NETWORKS = 100


def parse_network(text: str) -> Network:
    """The network in CIDR notation, or of the one address; raises ValueError, also where bits of a host are set
    or an IPv4 address is written as IPv6, in which form no sender is known."""
    network = ipaddress.ip_network(text)
    if isinstance(network, ipaddress.IPv6Network) and (network.network_address.ipv4_mapped or "%" in text):
        raise ValueError(text)
    return network
