"""What is made once and sent as it is: gzip-compressed to who takes it, not at all to who has it."""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cached_property

from starlette.requests import Request
from starlette.responses import Response


@dataclass(frozen=True)
class StaticFile:
    """A file as it is sent."""

    plain: bytes
    media_type: str

    @cached_property
    def _tag(self) -> str:
        return f'"{hashlib.blake2b(self.plain, digest_size=16).hexdigest()}"'

    @cached_property
    def _packed(self) -> bytes:
        return gzip.compress(self.plain, mtime=0)

    def respond(self, request: Request, headers: dict[str, str]) -> Response:
        """The file with `headers`, or 304."""
        sent = {**headers, "ETag": self._tag, "Vary": "Accept-Encoding"}
        if self._tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=sent)
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(self._packed, headers={**sent, "Content-Encoding": "gzip"}, media_type=self.media_type)
        return Response(self.plain, headers=sent, media_type=self.media_type)
