"""Host names: the host of a URL, and which hosts say something."""

from shared.domains import SHARED_SUFFIXES

_GENERIC_ENDINGS = frozenset({"com", "net", "org", "cat"})


def is_country_variant(suffix: str) -> bool:
    """Whether the big search engines use names under `suffix`: com, de, co.uk, com.br."""
    return suffix in _GENERIC_ENDINGS or (len(suffix.rpartition(".")[2]) == 2 and suffix not in SHARED_SUFFIXES)


def is_named(host: str) -> bool:
    """Whether `host` is a public name: no address, no localhost, no single label."""
    if "." not in host or host.endswith((".localhost", ".local", ".internal")) or host.startswith("["):
        return False
    # An address's last label is a number or, written in hexadecimal, starts with 0x (URL standard).
    last = host.rpartition(".")[2]
    return not (last.isdigit() or last.startswith("0x"))


def clean_host(authority: str) -> str:
    """The host of `user@Host:port.`, lower case, without user, port, trailing dot or `www.`."""
    host = authority.rpartition("@")[2]
    if not host.startswith("["):
        host = host.partition(":")[0]
    return host.lower().rstrip(".").removeprefix("www.")
