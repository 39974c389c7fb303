"""What a page needs to send events: the script, its types, and a picture for those without scripts (SPEC N8)."""

from pathlib import Path

from starlette.routing import BaseRoute, Route

from ingest.client import Senders
from ingest.gateway import Gateway
from ingest.pixel import Pixel
from ingest.static_file import StaticFile

_STATIC = Path(__file__).parent / "static"
_JAVASCRIPT = "text/javascript; charset=utf-8"
# Long enough to save requests, short enough that a mended tracker is everywhere the same day.
_CURRENT_SECONDS = 3 * 3600
_YEAR_SECONDS = 365 * 86_400


def tracker_routes(gateway: Gateway, senders: Senders) -> list[BaseRoute]:
    """`/script.js` is the newest version; each version keeps its own address for ever."""
    newest = _STATIC / "script.v1.js"
    types = StaticFile(_STATIC / "analytics.d.ts", "text/plain; charset=utf-8", _CURRENT_SECONDS)
    return [
        Route("/script.js", StaticFile(newest, _JAVASCRIPT, _CURRENT_SECONDS), methods=["GET"]),
        Route(
            "/script.v1.js",
            StaticFile(_STATIC / "script.v1.js", _JAVASCRIPT, _YEAR_SECONDS, immutable=True),
            methods=["GET"],
        ),
        Route("/analytics.d.ts", types, methods=["GET"]),
        Route("/p.gif", Pixel(gateway, senders), methods=["GET"]),
    ]
