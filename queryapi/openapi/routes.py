"""Where the document is served, for programs and as a page. It holds no secrets, so it needs no token."""

from collections.abc import Iterable, Mapping

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from queryapi.answer import Report
from queryapi.openapi.document import make_document
from queryapi.openapi.page import STYLE, render_page
from shared.release import release
from shared.settings import Settings
from shared.static_file import StaticFile

MAX_AGE_SECONDS = 300
_POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def document_routes(settings: Settings, reports: Iterable[tuple[str, Report]]) -> list[BaseRoute]:
    """The document, the page and its style; nothing where API_DOCS says no."""
    if not settings.api_docs:
        return []
    document = make_document(reports, release())
    return [
        _fixed("/api/v1/openapi.json", orjson.dumps(document), "application/json"),
        _fixed("/docs", render_page(document).encode(), "text/html", {"Content-Security-Policy": _POLICY}),
        _fixed("/docs.css", STYLE, "text/css"),
    ]


def _fixed(path: str, body: bytes, media_type: str, more: Mapping[str, str] | None = None) -> Route:
    file = StaticFile(body, media_type)
    headers = {"Cache-Control": f"max-age={MAX_AGE_SECONDS}", **(more or {})}

    async def endpoint(request: Request) -> Response:
        return file.respond(request, headers)

    return Route(path, endpoint)
