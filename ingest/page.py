"""SPEC R4, R5: what is left of an address: host, path, and the few parameters that say where a visit came from."""

import re
from typing import NamedTuple

from ingest.refusal import EventError

# Their names say "paid" (SPEC R46); their values identify a person and are never kept.
CLICK_IDS = frozenset({"gclid", "gbraid", "wbraid", "msclkid", "ttclid", "li_fat_id", "twclid", "fbclid"})
_SOURCE_PARAMETERS = frozenset({"ref", "source"})
_ABSOLUTE = re.compile(r"https?://", re.IGNORECASE)
_AUTHORITY_END = re.compile(r"[/?#\\]")
_HOST = re.compile(r"""[^\s/\\<>"'`^{}|@:?#%\[\]\x00-\x1f\x7f]{1,253}""")
_IPV6_HOST = re.compile(r"\[[0-9a-fA-F:.]{2,45}\]")
MAX_PORT = 65535
# Servers take no longer request line. What stands beyond is none of the parameters that are kept.
MAX_QUERY_CHARACTERS = 8192
_ROUTES = ("/", "!/")


class Address(NamedTuple):
    """A split page address; `query` is what may be kept of it, None when nothing may."""

    hostname: str | None
    path: str
    query: str | None


def split_address(text: str, field: str) -> Address:
    """`text` is a path, or a full http(s) URL; raises EventError invalid_url when its host is not one.

    A path is kept as it was sent (no added slash, nothing decoded), without query and fragment, but for a
    fragment of `page` that is a route: `#/a` or `#!/a`.
    """
    hostname = None
    if not text.startswith("/") and _ABSOLUTE.match(text):
        authority, text = _split_authority(text.partition("//")[2])
        hostname = _hostname(authority, field)
    elif text.startswith("//"):
        # Another site's host in a path proves nothing about ours: only the path is kept.
        text = _split_authority(text[2:])[1]
    route = ""
    if "#" in text:
        text, _, fragment = text.partition("#")
        if field == "page" and fragment.startswith(_ROUTES):
            route = "#" + fragment.partition("?")[0]
    if "?" not in text:
        return Address(hostname, (text or "/") + route, None)
    path, _, query = text.partition("?")
    return Address(hostname, (path or "/") + route, _allowed(query))


def is_bare_path(text: str) -> bool:
    """Whether `split_address` would give a host-less `text` back as its path: most pages are sent so."""
    return text[:1] == "/" and text[1:2] != "/" and "?" not in text and "#" not in text and not text[-1].isspace()


def reduce_referrer(referrer: str) -> str | None:
    """scheme://host/path of an http(s) or app referrer; None when there is no host to learn from."""
    scheme, separator, rest = referrer.partition("://")
    if not separator:
        # A bare host is what some senders have; anything else says nothing.
        return referrer if _HOST.fullmatch(referrer) and "." in referrer else None
    if not scheme.replace("-", "").replace("+", "").replace(".", "").isalnum():
        return None
    authority, path = _split_authority(rest)
    host = authority.rpartition("@")[2]
    if not host:
        return None
    path = path.partition("?")[0].partition("#")[0]
    return f"{scheme.lower()}://{host.lower()}{path}"


def _split_authority(text: str) -> tuple[str, str]:
    end = _AUTHORITY_END.search(text)
    return (text, "") if end is None else (text[: end.start()], text[end.start() :])


def _hostname(authority: str, field: str) -> str:
    host = authority.rpartition("@")[2].lower()
    port = ""
    if host.startswith("["):
        literal, closed, rest = host.partition("]")
        host, port = literal + closed, rest.removeprefix(":")
        is_valid = _IPV6_HOST.fullmatch(host) is not None and (not rest or rest.startswith(":"))
    else:
        host, _, port = host.partition(":")
        is_valid = _HOST.fullmatch(host) is not None
    is_port = not port or (port.isascii() and port.isdigit() and len(port) <= 5 and int(port) <= MAX_PORT)
    if not is_valid or not is_port:
        raise EventError("invalid_url", f"{field}: not a valid URL", field)
    return host


def _allowed(query: str) -> str | None:
    """The parameters that may be kept, as they were written; click ids lose their values."""
    kept: list[str] = []
    for pair in query[:MAX_QUERY_CHARACTERS].split("&"):
        name, _, value = pair.partition("=")
        name = name.lower()
        if name.startswith("utm_") or name in _SOURCE_PARAMETERS:
            kept.append(f"{name}={value}")
        elif name in CLICK_IDS:
            kept.append(f"{name}=")
    return "&".join(kept) or None
