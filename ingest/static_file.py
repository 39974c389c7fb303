"""Files that browsers of other sites fetch: read once, compressed once."""

import gzip
import hashlib
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send


class StaticFile:
    """An ASGI endpoint for one file, which any page of any site may use, for `max_age_seconds` without asking;
    for ever where it is `immutable`."""

    def __init__(self, path: Path, media_type: str, max_age_seconds: int, *, immutable: bool = False) -> None:
        self._plain = path.read_bytes()
        self._gzipped = gzip.compress(self._plain, mtime=0)
        self._headers = {
            "Cache-Control": f"public, max-age={max_age_seconds}{', immutable' if immutable else ''}",
            "Content-Type": media_type,
            "ETag": f'"{hashlib.blake2b(self._plain, digest_size=16).hexdigest()}"',
            "Vary": "Accept-Encoding",
            # Pages that are isolated, or that name the file's hash, load it from another origin only so.
            "Cross-Origin-Resource-Policy": "cross-origin",
            "Access-Control-Allow-Origin": "*",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sent = Headers(scope=scope)
        if self._headers["ETag"] in sent.get("if-none-match", ""):
            response = Response(status_code=304, headers=self._headers)
        elif "gzip" in sent.get("accept-encoding", ""):
            response = Response(self._gzipped, headers={**self._headers, "Content-Encoding": "gzip"})
        else:
            response = Response(self._plain, headers=self._headers)
        await response(scope, receive, send)
