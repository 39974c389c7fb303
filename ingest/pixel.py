"""A page view by a picture, for pages without scripts and for mail (SPEC N8)."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ingest.answer import answer_single, outcome_headers
from ingest.client import Headers, Senders
from ingest.gateway import Gateway
from ingest.parse import parse_single
from shared.errors import AppError

# GIF89a, one transparent point.
_GIF = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")
_PARAMETERS = frozenset(
    {
        "website_id", "page", "url", "title", "referrer", "event_type", "source", "ref", "utm_source", "utm_medium",
        "utm_campaign", "utm_term", "utm_content",
    }
)  # fmt: skip
MAX_QUERY_BYTES = 8192


class Pixel:
    """GET takes one event from the query string; where neither `page` nor `url` is named it happened on the page
    that shows the picture. What is refused is answered as any other request is: nobody sees it but who looks."""

    def __init__(self, gateway: Gateway, senders: Senders) -> None:
        self._gateway = gateway
        self._senders = senders

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: Headers = dict(scope["headers"])
        if scope["method"] == "HEAD":
            # Whoever only asks whether the picture is there has seen no page.
            await _picture({})(scope, receive, send)
            return
        peer = scope["client"]
        sender = await self._senders.identify(peer and peer[0], headers, scope["headers"])
        event = _event(scope["query_string"], headers)
        outcome = await self._gateway.take(parse_single(orjson.dumps(event)), sender, 1)
        answer_single(outcome)
        extra = {name.decode("latin-1"): value.decode("latin-1") for name, value in outcome_headers(outcome)}
        await _picture(extra)(scope, receive, send)


def _picture(extra: Mapping[str, str]) -> Response:
    headers = {"Cache-Control": "no-store", "Cross-Origin-Resource-Policy": "cross-origin", **extra}
    return Response(_GIF, headers=headers, media_type="image/gif")


def _event(query_string: bytes, headers: Headers) -> dict[str, str]:
    """The event as JSON would have it; raises AppError 400 on a parameter that is unknown or given twice."""
    if len(query_string) > MAX_QUERY_BYTES:
        raise AppError(400, "query_too_long", f"query string: longer than {MAX_QUERY_BYTES} bytes")
    event: dict[str, str] = {}
    for name, value in parse_qsl(query_string.decode("latin-1"), keep_blank_values=True):
        if name not in _PARAMETERS:
            known = ", ".join(sorted(_PARAMETERS))
            problem = f"{name[:64]}: unknown parameter; known are {known}"
            raise AppError(400, "unknown_parameter", problem, details={"parameter": name[:64]})
        if name in event:
            problem = f"{name}: given more than once"
            raise AppError(400, "duplicate_parameter", problem, details={"parameter": name})
        event[name] = value
    shown_on = headers.get(b"referer")
    if shown_on and "page" not in event and "url" not in event:
        event["url"] = shown_on.decode("latin-1")
    return event
