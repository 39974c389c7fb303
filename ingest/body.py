"""The bytes of a request's body: within the limit, of a type we read, inflated (SPEC R53, R55)."""

import re

from starlette.types import Receive

from ingest.client import Headers
from shared.errors import AppError
from shared.inflate import inflate, too_large

MAX_SINGLE_BYTES = 64 * 1024
MAX_BATCH_BYTES = 1024 * 1024
# What senders nearly always say; anything else is looked at more closely.
_USUAL_TYPES = frozenset({b"application/json", b"text/plain", b"text/plain;charset=UTF-8"})
_MAX_TYPE_BYTES = 256
_REFUSED_TYPES = ("multipart/", "application/csp-report")
_CHARSET = re.compile(r';\s*charset\s*=\s*"?([^";\s]*)', re.IGNORECASE)
_UTF8 = frozenset({"utf-8", "utf8", "us-ascii"})


class DisconnectedError(Exception):
    """The client went away before its body was complete; nobody is left to answer."""


def most_bytes(headers: Headers, limit: int) -> int:
    """How many bytes reading this body can come to, by its headers."""
    length = headers.get(b"content-length")
    return limit if length is None or b"content-encoding" in headers else min(int(length), limit)


async def read_body(receive: Receive, headers: Headers, limit: int) -> bytes:
    """The body as it was sent, at most `limit` bytes; raises AppError 413, 415."""
    content_type = headers.get(b"content-type")
    if content_type is not None and content_type not in _USUAL_TYPES:
        check_content_type(content_type)
    length = headers.get(b"content-length")
    if length is not None and int(length) > limit:
        raise too_large(limit)
    message = await receive()
    if message["type"] != "http.request":
        raise DisconnectedError
    body: bytes = message["body"]
    if message["more_body"]:
        body += await _read_rest(receive, limit - len(body), limit)
    if len(body) > limit:
        raise too_large(limit)
    return body


def inflate_body(body: bytes, headers: Headers, limit: int) -> bytes:
    """What `headers` say was sent as `body`, at most `limit` bytes; raises AppError 400, 413, 415."""
    encoding = headers.get(b"content-encoding", b"").strip().lower()
    if encoding in (b"", b"identity"):
        return body
    if encoding not in (b"gzip", b"x-gzip"):
        raise AppError(415, "unsupported_encoding", "Content-Encoding: only gzip is understood")
    return inflate(body, limit)


def check_content_type(content_type: bytes) -> None:
    """Raises AppError 415 for a body that cannot be JSON in UTF-8, whatever it holds."""
    text = content_type.decode("latin-1")
    charset = _CHARSET.search(text)
    if len(text) > _MAX_TYPE_BYTES or text.lower().startswith(_REFUSED_TYPES):
        raise AppError(415, "unsupported_media_type", "Content-Type: send JSON")
    if charset and charset[1].lower() not in _UTF8:
        raise AppError(415, "unsupported_media_type", "Content-Type: the charset must be utf-8")


async def _read_rest(receive: Receive, room: int, limit: int) -> bytes:
    chunks: list[bytes] = []
    more = True
    while more:
        if room < 0:
            raise too_large(limit)
        message = await receive()
        if message["type"] != "http.request":
            raise DisconnectedError
        chunks.append(message["body"])
        room -= len(message["body"])
        more = message["more_body"]
    return b"".join(chunks)
