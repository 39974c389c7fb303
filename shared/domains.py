"""Which part of a host name its owner registered: what tells sites apart."""

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
SHARED_SUFFIXES = frozenset(_HOSTERS.split())


def public_suffix(host: str) -> str:
    """The part of `host` that nobody registers: `co.uk` of `www.example.co.uk`."""
    labels = host.split(".")
    for length in (3, 2):
        tail = ".".join(labels[-length:])
        if len(labels) > length and tail in SHARED_SUFFIXES:
            return tail
    if len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVELS:
        return ".".join(labels[-2:])
    return labels[-1]


def registrable_domain(host: str) -> str:
    """`example.co.uk` of `www.example.co.uk`; a host without a dot is its own, and so is an address."""
    if host.startswith("[") or host.rpartition(".")[2].isdigit():
        return host
    suffix = public_suffix(host)
    if len(suffix) >= len(host):
        return host
    return f"{host[: -len(suffix) - 1].rpartition('.')[2]}.{suffix}"
