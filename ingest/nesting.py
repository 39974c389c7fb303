"""JSON nested deeper than anybody needs: read only as deep as it may count for something.

Python's own limit, which decoders keep to, is one of the whole body, so that one event would cost all others
of its batch; and it differs by version.
"""

import re
from typing import TypeVar

import msgspec

# No field is nested so deep, nor may properties be: what lies deeper need not be read to be refused, or ignored.
MAX_NESTING = 32
# A text, be it without an end, or brackets without anything between them.
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[{]+|[\]}]+', re.DOTALL)

T = TypeVar("T")


def decode(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    """What `decoder` makes of `body`, however deep that is nested; raises msgspec.DecodeError or UnicodeDecodeError."""
    try:
        return decoder.decode(body)
    except RecursionError:
        return decoder.decode(shallow(body))


def shallow(body: bytes) -> bytes:
    """`body` with a 0 for whatever is nested deeper than MAX_NESTING, and cut off there if that has no end: no JSON.
    Takes 0.1 s for the worst megabyte."""
    pieces: list[bytes] = []
    depth = kept_from = 0
    for token in _TOKEN.finditer(body):
        start, end = token.span()
        if body[start] in b"[{":
            deeper = depth + end - start
            if depth <= MAX_NESTING < deeper:
                pieces += body[kept_from : start + MAX_NESTING - depth], b"0"
            depth = deeper
        elif body[start] in b"]}":
            shallower = depth - (end - start)
            if shallower <= MAX_NESTING < depth:
                kept_from = start + depth - MAX_NESTING
            depth = shallower
    if depth <= MAX_NESTING:
        pieces.append(body[kept_from:])
    return b"".join(pieces)
