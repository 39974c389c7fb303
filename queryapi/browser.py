"""What only a browser sends: the cookie of a signed-in user, and where a request was made (RELIABILITY 6.1).

Over https the cookie is `__Host-analytics`: no other host, no subdomain and no plain http can set it. Over
plain http browsers take no such cookie, so that it is `analytics_session` there, and only there.
"""

import re
from datetime import timedelta
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from shared.client_address import Proxies, client_key, pack_address
from shared.errors import AppError
from shared.settings import Settings

SECURE_COOKIE = "__Host-analytics"
PLAIN_COOKIE = "analytics_session"
_SESSION_ID = re.compile(r"[A-Za-z0-9_-]{43}")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Browser:
    """Reads and writes what is particular to browsers, by the settings of this installation."""

    def __init__(self, settings: Settings) -> None:
        self._proxies = Proxies(settings)
        self._public_url = settings.public_url
        self._public_origin = _origin(settings.public_url) if settings.public_url else None

    def network(self, request: Request) -> bytes:
        """The network that the request comes from, by which attempts are limited."""
        raw = request.scope["headers"]
        address = _peer(request)
        if self._proxies.is_trusted(address):
            address = self._proxies.client(address, dict(raw), raw)
        return client_key(address)

    def is_secure(self, request: Request) -> bool:
        """Whether the browser's side of the connection is https, by our own word or a trusted proxy's."""
        if request.url.scheme == "https":
            return True
        if not self._proxies.is_trusted(_peer(request)):
            return False
        return request.headers.get("x-forwarded-proto", "").rpartition(",")[2].strip().lower() == "https"

    def base_url(self, request: Request) -> str:
        """Where people open the page: `PUBLIC_URL`, or as this request asked."""
        scheme = "https" if self.is_secure(request) else "http"
        return self._public_url or f"{scheme}://{request.headers.get('host', '')}"

    def session_id(self, request: Request) -> str | None:
        """The session that the cookie names. None without one, and with two, one of which somebody else set."""
        name = self._cookie(request)
        pairs = (part.strip().partition("=") for part in ";".join(request.headers.getlist("cookie")).split(";"))
        found = [value for sent, _, value in pairs if sent == name]
        return found[0] if len(found) == 1 and _SESSION_ID.fullmatch(found[0]) else None

    def check_change(self, request: Request) -> None:
        """Raises AppError 403 on a change that a cookie authorises unless a page of ours asks for it."""
        if request.method in _SAFE_METHODS:
            return
        if "origin" not in request.headers:
            raise AppError(403, "origin_required", "Origin: is required where a cookie signs in")
        self.check_origin(request)

    def check_origin(self, request: Request) -> None:
        """Raises AppError 403 when the request was made by a page of somebody else."""
        sent = request.headers.get("origin")
        if sent is None:
            return
        origin = _origin(sent)
        if origin is None or not self._is_ours(request, origin):
            raise AppError(403, "foreign_origin", "Origin: must be this host, or the one of PUBLIC_URL")

    def give(self, request: Request, response: Response, session_id: str, lifetime: timedelta) -> None:
        """Let the browser keep the session."""
        self._set(request, response, session_id, int(lifetime.total_seconds()))

    def take(self, request: Request, response: Response) -> None:
        """Let the browser forget its session."""
        self._set(request, response, "", 0)

    def _set(self, request: Request, response: Response, value: str, max_age_seconds: int) -> None:
        response.set_cookie(
            self._cookie(request),
            value,
            max_age=max_age_seconds,
            path="/",
            secure=self.is_secure(request),
            httponly=True,
            samesite="lax",
        )

    def _cookie(self, request: Request) -> str:
        return SECURE_COOKIE if self.is_secure(request) else PLAIN_COOKIE

    def _is_ours(self, request: Request, origin: tuple[str, str, int]) -> bool:
        if origin == self._public_origin:
            return True
        scheme = origin[0]
        # A proxy that ends TLS without telling so leaves https pages on what looks like http; the reverse is forged.
        if self.is_secure(request) and scheme != "https":
            return False
        return origin == _origin(f"{scheme}://{request.headers.get('host', '')}")


def _peer(request: Request) -> bytes:
    return pack_address(request.client.host if request.client else None) or b""


def _origin(url: str) -> tuple[str, str, int] | None:
    """Scheme, host and port; None for what is no origin, such as `null`."""
    try:
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return None
    if port is None or not parts.hostname or parts.path or parts.query or parts.fragment or parts.username:
        return None
    return parts.scheme, parts.hostname, port
