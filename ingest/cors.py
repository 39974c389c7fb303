"""CORS on the ingest routes (SPEC R53): any page may send, and as no cookie is read or set this grants nothing."""

from ingest.client import Headers

RawHeaders = list[tuple[bytes, bytes]]

MAX_ECHO_BYTES = 1024
_ALLOWED_METHODS = (b"access-control-allow-methods", b"POST, OPTIONS")
_ALLOWED_CREDENTIALS = (b"access-control-allow-credentials", b"true")
_EXPOSED = (
    b"access-control-expose-headers",
    b"X-Analytics-Dropped, X-Analytics-Unknown-Fields, X-Request-Id, Retry-After",
)
_MAX_AGE = (b"access-control-max-age", b"86400")
_VARY = (b"vary", b"Origin")


def answer_headers(headers: Headers) -> RawHeaders:
    """What an answer carries so that the page that sent the request may read it."""
    origin = headers.get(b"origin")
    if origin is None or not _is_echoable(origin):
        return []
    return [(b"access-control-allow-origin", origin), _ALLOWED_CREDENTIALS, _EXPOSED, _VARY]


def preflight_headers(headers: Headers) -> RawHeaders:
    """What an OPTIONS request is answered."""
    answer: RawHeaders = [_ALLOWED_METHODS, _MAX_AGE]
    origin = headers.get(b"origin")
    if origin is None or not _is_echoable(origin):
        return [*answer, _VARY]
    requested = headers.get(b"access-control-request-headers")
    if requested and _is_echoable(requested):
        answer.append((b"access-control-allow-headers", requested))
    return [(b"access-control-allow-origin", origin), _ALLOWED_CREDENTIALS, *answer, _VARY]


def _is_echoable(value: bytes) -> bool:
    """Printable ASCII of a sane length: what a browser sends, and what may stand in a header."""
    return len(value) <= MAX_ECHO_BYTES and value.isascii() and value.decode("ascii").isprintable()
