"""What a page needs to send events: the script, its types, and a picture for those without scripts (SPEC N8)."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ingest.client import Senders
from ingest.gateway import Gateway
from ingest.pixel import Pixel
from shared.static_file import StaticFile

_STATIC = Path(__file__).parent / "static"
# Long enough to save requests, short enough that a mended tracker is everywhere the same day.
_CURRENT_SECONDS = 3 * 3600
_YEAR_SECONDS = 365 * 86_400


def tracker_routes(gateway: Gateway, senders: Senders) -> list[BaseRoute]:
    """`/script.js` is the newest version; each version keeps its own address for ever."""
    script = StaticFile((_STATIC / "script.v1.js").read_bytes(), "text/javascript; charset=utf-8")
    types = StaticFile((_STATIC / "analytics.d.ts").read_bytes(), "text/plain; charset=utf-8")
    return [
        _fixed("/script.js", script, f"max-age={_CURRENT_SECONDS}"),
        _fixed("/script.v1.js", script, f"max-age={_YEAR_SECONDS}, immutable"),
        _fixed("/analytics.d.ts", types, f"max-age={_CURRENT_SECONDS}"),
        Route("/p.gif", Pixel(gateway, senders), methods=["GET"]),
    ]


def _fixed(path: str, file: StaticFile, how_long: str) -> Route:
    headers = {
        "Cache-Control": f"public, {how_long}",
        # Pages that are isolated, or that name the file's hash, load it from another origin only so.
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Access-Control-Allow-Origin": "*",
    }

    async def endpoint(request: Request) -> Response:
        return file.respond(request, headers)

    return Route(path, endpoint, methods=["GET"])
