"""Host names: the registrable domain, and the host of a URL."""

# Second labels under which a country's registry sells names (example.co.uk). The full public suffix
# list changes weekly and is 10 000 lines; these cover the registries with visible traffic.
_REGISTRIES = "ac co com edu gob gouv gov go govt id ind info ltd me mil ne net nic nom or org plc sch"
_SECOND_LEVELS = frozenset(_REGISTRIES.split())
# Suffixes under which strangers share a domain: each name below is a site of its own.
_HOSTERS = """
    appspot.com azurewebsites.net blogspot.com cloudfront.net firebaseapp.com fly.dev github.io gitlab.io glitch.me
    herokuapp.com hubspotpagebuilder.com myshopify.com neocities.org netlify.app onrender.com pages.dev readthedocs.io
    replit.app repl.co s3.amazonaws.com squarespace.com substack.com surge.sh translate.goog tumblr.com vercel.app
    web.app webflow.io weebly.com wixsite.com wordpress.com workers.dev
    """
_SHARED_SUFFIXES = frozenset(_HOSTERS.split())
_GENERIC_ENDINGS = frozenset({"com", "net", "org", "cat"})


def public_suffix(host: str) -> str:
    """The part of `host` that nobody registers: `co.uk` of `www.example.co.uk`."""
    labels = host.split(".")
    for length in (3, 2):
        tail = ".".join(labels[-length:])
        if len(labels) > length and tail in _SHARED_SUFFIXES:
            return tail
    if len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVELS:
        return ".".join(labels[-2:])
    return labels[-1]


def registrable_domain(host: str) -> str:
    """`example.co.uk` of `www.example.co.uk`; a host without a dot is its own."""
    suffix = public_suffix(host)
    if len(suffix) >= len(host):
        return host
    return f"{host[: -len(suffix) - 1].rpartition('.')[2]}.{suffix}"


def is_country_variant(suffix: str) -> bool:
    """Whether the big search engines use names under `suffix`: com, de, co.uk, com.br."""
    return suffix in _GENERIC_ENDINGS or (len(suffix.rpartition(".")[2]) == 2 and suffix not in _SHARED_SUFFIXES)


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
