"""What both HTTP services share: JSON answers, the error shape, request ids and request metrics."""

import re
from collections.abc import Iterable, Mapping
from itertools import count
from uuid import uuid4

import orjson
import structlog
from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.errors import AppError

log = structlog.get_logger()

# Sent with every answer of either service (RELIABILITY 6.4).
SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)
_REQUEST_ID = re.compile(rb"[A-Za-z0-9-]{1,64}")
_KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def json_response(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """`body` as JSON; datetimes become RFC 3339 with `Z`."""
    payload = orjson.dumps(body, option=orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC)
    return Response(payload, status, headers, "application/json")


def error_response(error: AppError, request_id: str) -> Response:
    """The one error body: `error`, `code`, `details`, `request_id`."""
    body = {"error": error.message, "code": error.code, "details": error.details, "request_id": request_id}
    return json_response(body, error.status, error.headers)


async def handle_http_exception(request: Request, error: Exception) -> Response:
    """Starlette's own 404 and 405 in our shape; register it for HTTPException."""
    assert isinstance(error, HTTPException)
    code = {404: "not_found", 405: "method_not_allowed", 413: "body_too_large"}.get(error.status_code, "http_error")
    ours = AppError(error.status_code, code, error.detail, headers=error.headers)
    return error_response(ours, request.scope["request_id"])


class Requests:
    """Outermost middleware: gives each request an id, turns every exception into the error shape,
    counts the answers. An unexpected exception is logged in full and answered without its text.

    `direct` are endpoints that need no router: path -> (methods, application). Starlette's four
    layers cost a request 12 us, looking its path up here 0.1."""

    def __init__(
        self,
        app: ASGIApp,
        registry: CollectorRegistry,
        direct: Mapping[str, tuple[frozenset[str], ASGIApp]] | None = None,
    ) -> None:
        self.app = app
        self.answers = Counter(
            "http_requests_total", "HTTP requests answered.", ["method", "endpoint", "status"], registry=registry
        )
        # By label values, which are few: `labels` takes 2 us to find what this has at hand.
        self._answered: dict[tuple[str, str, int], Counter] = {}
        self._direct = direct or {}
        # A UUID takes 3 us. Random per process and counted in it, an id is as unique.
        self._id_prefix = uuid4().hex[:20]
        self._ids = count()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = scope["request_id"] = _sent_id(scope["headers"]) or f"{self._id_prefix}{next(self._ids):012x}"
        app, endpoint = self.app, None
        direct = self._direct.get(scope["path"])
        if direct is not None and scope["method"] in direct[0]:
            app, endpoint = direct[1], scope["path"]
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message.get("headers", ()),
                    (b"x-request-id", request_id.encode()),
                    *SECURITY_HEADERS,
                ]
            await send(message)

        try:
            await app(scope, receive, send_with_headers)
        except AppError as error:
            await error_response(error, request_id)(scope, receive, send_with_headers)
        except Exception:
            log.exception("request_failed", request_id=request_id, endpoint=endpoint or _endpoint(scope))
            if status == 0:
                ours = AppError(500, "internal_error", "something went wrong on our side")
                await error_response(ours, request_id)(scope, receive, send_with_headers)
            else:
                raise
        finally:
            self._count(scope["method"], endpoint or _endpoint(scope), status)

    def _count(self, method: str, endpoint: str, status: int) -> None:
        key = (method if method in _KNOWN_METHODS else "other", endpoint, status)
        answered = self._answered.get(key)
        if answered is None:
            answered = self._answered[key] = self.answers.labels(*key)
        answered.inc()


def metrics_response(registry: CollectorRegistry) -> Response:
    """Every metric of `registry` in the Prometheus text format."""
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_PLAIN_0_0_4)


def _sent_id(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    for name, value in headers:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return str(value, "ascii")
    return None


def _endpoint(scope: Scope) -> str:
    """The route's template, never the path a client chose: a label must stay bounded (SPEC B20)."""
    return getattr(scope.get("route"), "path", "unmatched")
