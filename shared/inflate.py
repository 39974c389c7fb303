"""The content of a gzip'ed body, never more of it than may be."""

import zlib

from shared.errors import AppError

# Fed in pieces, because each member copies what lies behind it in its piece.
_PIECE_BYTES = 4096
# Who appends file to file has members of a page each; tiny and empty ones by the thousand only cost time.
MAX_TINY_MEMBERS = 100
MIN_MEAN_BYTES = 1024


def inflate(body: bytes, limit: int) -> bytes:
    """The content of one or more gzip members, never more than `limit` bytes of it in memory. Raises AppError 400 for
    what is no gzip, or not whole, 413 for more than the limit."""
    most = MAX_TINY_MEMBERS + len(body) // MIN_MEAN_BYTES
    content = bytearray()
    member, members, is_fed = zlib.decompressobj(wbits=31), 1, False
    for start in range(0, len(body), _PIECE_BYTES):
        piece = body[start : start + _PIECE_BYTES]
        while piece:
            if member.eof:
                member, members = zlib.decompressobj(wbits=31), members + 1
            if members > most:
                raise AppError(400, "invalid_encoding", f"body: more than {most} gzip members, for its size")
            try:
                content += member.decompress(piece, limit + 1 - len(content))
            except zlib.error as error:
                raise AppError(400, "invalid_encoding", "body: not valid gzip") from error
            if len(content) > limit:
                raise too_large(limit)
            piece, is_fed = member.unused_data, True
    if is_fed and not member.eof:
        raise AppError(400, "invalid_encoding", "body: the gzip stream is cut short")
    return bytes(content)


def too_large(limit: int) -> AppError:
    """A body of more than the limit."""
    return AppError(413, "body_too_large", f"body: larger than {limit} bytes", details={"limit_bytes": limit})
