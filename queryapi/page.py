"""The dashboard page: files that are read once, and served with an address that changes when they do."""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from shared.errors import AppError
from shared.settings import Settings
from shared.static_file import StaticFile

STATIC = Path(__file__).parent / "static"
# RELIABILITY 6.4, without exceptions.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
_PAGE_HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
_ASSET_HEADERS = {"Cache-Control": "public, max-age=31536000, immutable", "Cross-Origin-Resource-Policy": "same-origin"}
# What every module says of those that it cannot be without; `import()` is for later.
_IMPORT = re.compile(rb'^import .* from "\./([\w.]+)";$', re.MULTILINE)
_MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


def page_routes(settings: Settings) -> list[BaseRoute]:
    """`/` and `/share/{token}` are the page, whose state stands behind the `#`; the rest are its files, under a
    version of all of them together."""
    files = {path.name: path.read_bytes() for path in sorted(STATIC.iterdir()) if path.suffix in _MEDIA_TYPES}
    version = hashlib.blake2b(b"\0".join(files.values()), digest_size=8).hexdigest()
    html = files.pop("index.html")
    for mark, text in {"PRELOADS": _preloads(files), "VERSION": version, "TRACKER": settings.tracker_url}.items():
        html = html.replace(mark.encode(), text.encode())
    index = StaticFile(html, _MEDIA_TYPES[".html"])
    assets = {name: StaticFile(plain, _MEDIA_TYPES[Path(name).suffix]) for name, plain in files.items()}

    async def page(request: Request) -> Response:
        return index.respond(request, _PAGE_HEADERS)

    async def asset(request: Request) -> Response:
        found = assets.get(request.path_params["name"])
        if found is None or request.path_params["version"] != version:
            raise AppError(404, "not_found", "no such file")
        return found.respond(request, _ASSET_HEADERS)

    return [
        Route("/", page),
        Route("/share/{token}", page),
        Route("/assets/{version}/{name}", asset),
    ]


def _preloads(files: Mapping[str, bytes]) -> str:
    """Links to what is needed at once, all together: one found in another would be asked for only when that one is
    here. What asks for reports is first, and the reports themselves overtake the rest."""
    first, all_of_it = _needed(files, "ahead.js"), _needed(files, "app.js")
    low = {name: "" if name in first else ' fetchpriority="low"' for name in [*first, *all_of_it]}
    return "\n".join(
        f'<link rel="modulepreload" href="/assets/VERSION/{name}"{priority}>' for name, priority in low.items()
    )


def _needed(files: Mapping[str, bytes], name: str) -> list[str]:
    """A module with all that it imports, and what those import."""
    found = [name]
    for module in found:
        found += [other.decode() for other in _IMPORT.findall(files[module]) if other.decode() not in found]
    return found
