"""A client of one of our own services that does not give up at the first 503 (SPEC R61)."""

import http.client
import time
from collections.abc import Callable, Mapping
from http.client import HTTPMessage
from types import TracebackType
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec

TIMEOUT_SECONDS = 30.0
# With the pauses below: about five minutes without an answer before a command stops.
MAX_ATTEMPTS = 10
MAX_PAUSE_SECONDS = 60.0
_TRY_AGAIN = frozenset({429, 500, 502, 503, 504})
_NO_HEADERS: Mapping[str, str] = {}


class DeliveryError(Exception):
    """The service cannot be reached or refuses what is asked; the message is for the person at the command."""


class Reply(NamedTuple):
    """An answer, whole."""

    status: int
    headers: HTTPMessage
    content: bytes


class _Problem(msgspec.Struct):
    error: str = ""


class PatientClient:
    """One kept-alive connection with a token; `service` is what people call who answers."""

    def __init__(self, url: str, token: str, service: str, wait: Callable[[float], None] = time.sleep) -> None:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        if parts.scheme not in {"http", "https"} or parts.hostname is None:
            raise DeliveryError(f"{url}: not an http(s) address")
        if not (token and token.isascii() and token.isprintable()):
            raise DeliveryError("the token is missing or not printable text; make one with `analytics token`")
        self._who = f"the {service} at {url}"
        self._base = parts.path.rstrip("/")
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.hostname, parts.port, timeout=TIMEOUT_SECONDS)
        self._headers = {"Authorization": f"Bearer {token}"}
        self._wait = wait

    def __enter__(self) -> "PatientClient":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        headers: Mapping[str, str] = _NO_HEADERS,
        limit_bytes: int,
    ) -> Reply:
        """The answer, of whatever status does not say to come again; sent again until there is one. Blocks meanwhile;
        raises DeliveryError when there is none, or one of more than `limit_bytes`."""
        problem = ""
        for attempt in range(MAX_ATTEMPTS):
            pause = min(2.0**attempt, MAX_PAUSE_SECONDS)
            try:
                self._connection.request(method, self._base + path, body, {**self._headers, **headers})
                response = self._connection.getresponse()
                content = response.read(limit_bytes + 1)
            except (OSError, http.client.HTTPException) as error:
                self._connection.close()
                problem = f"{self._who} cannot be reached ({_reason(error)}); is it running?"
            else:
                if len(content) > limit_bytes:
                    self._connection.close()
                    raise DeliveryError(f"{self._who} answers more than {limit_bytes} bytes")
                if response.status not in _TRY_AGAIN:
                    return Reply(response.status, response.headers, content)
                problem = f"{self._who} answers {response.status} {sentence(content)}"
                pause = _retry_after(response.headers, pause)
            if attempt + 1 < MAX_ATTEMPTS:
                self._wait(pause)
        raise DeliveryError(problem)


def sentence(content: bytes) -> str:
    """What an error of ours says to people; nothing for anything else."""
    try:
        return msgspec.json.decode(content, type=_Problem).error[:500]
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""


def _retry_after(headers: HTTPMessage, default_seconds: float) -> float:
    text = headers.get("Retry-After", "").strip()
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        return default_seconds
    return min(float(text), MAX_PAUSE_SECONDS)


def _reason(error: Exception) -> str:
    strerror = getattr(error, "strerror", None)
    return strerror if isinstance(strerror, str) else type(error).__name__
