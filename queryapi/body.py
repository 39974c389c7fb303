"""The body of a request that changes something."""

import re

from starlette.requests import Request

from shared.errors import AppError

# The funnel of ten steps with the longest pages, the largest there is, takes a third of it.
MAX_BODY_BYTES = 65_536
_JSON = re.compile(r"application/json\s*(;.*)?", re.IGNORECASE)


async def read_json(request: Request) -> bytes:
    """The body; raises AppError 415 unless it says it is JSON, which no form of a foreign page can, and 413
    as soon as it is too large."""
    if _JSON.fullmatch(request.headers.get("content-type", "")) is None:
        raise AppError(415, "unsupported_media_type", "Content-Type: must be application/json")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise AppError(413, "body_too_large", f"body: larger than {MAX_BODY_BYTES} bytes")
    return bytes(body)
