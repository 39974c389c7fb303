"""The endpoint that takes an export in again (SPEC N5)."""

import asyncio
import re

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from queryapi.access import require_website
from queryapi.audit import record
from queryapi.csv_events import MEDIA_TYPE as CSV
from queryapi.database import RETRY_AFTER_SECONDS, snapshot
from queryapi.endpoint import PRIVATE, Services
from queryapi.export import NDJSON
from queryapi.import_lines import parse_lines
from queryapi.imports import Batch, add_batch, make_batches, make_room
from queryapi.website_routes import authorize_change
from shared.asgi import json_response
from shared.errors import AppError
from shared.inflate import inflate, too_large

# As it is sent and as it is read: several times a page of an export.
MAX_IMPORT_BYTES = 32 * 1024 * 1024
# At work in one process, each of which holds about 150 MB at most.
MAX_IMPORTS = 2
_MEDIA_TYPE = re.compile(rf"({NDJSON}|{CSV})\s*(;.*)?", re.IGNORECASE)
_ENCODINGS = frozenset({"", "identity", "gzip", "x-gzip"})
_GZIP_MAGIC = b"\x1f\x8b"


def import_routes(services: Services) -> list[BaseRoute]:
    """The route of events that were exported."""
    places = asyncio.Semaphore(MAX_IMPORTS)

    async def take_in(request: Request) -> Response:
        website_id = request.path_params["website_id"]
        principal = await authorize_change(request, services)
        media_type = _media_type(request)
        async with snapshot(services.pool, services.settings) as reader:
            await require_website(reader, principal, website_id)
        if places.locked():
            headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
            raise AppError(503, "too_many_imports", f"{MAX_IMPORTS} imports are under way", headers=headers)
        async with places:
            body = await _read(request)
            # Beside the loop: ten thousand events take a quarter of a second.
            events, batches = await asyncio.to_thread(_parse, body, media_type, website_id, services)
            await make_room(services, website_id, batches)
            added = 0
            try:
                for batch in batches:
                    added += await add_batch(services, batch)
            finally:
                record(principal, "events_imported", website_id, events=events, added=added)
        counts = {"events": events, "added": added, "present": events - added}
        return json_response({"website_id": website_id, **counts}, headers=PRIVATE)

    return [Route("/api/v1/websites/{website_id}/import", take_in, methods=["POST"])]


def _parse(body: bytes, media_type: str, website_id: str, services: Services) -> tuple[int, list[Batch]]:
    """How many events there are, and what is to be written of them."""
    now = services.clock()
    content = inflate(body, MAX_IMPORT_BYTES) if body.startswith(_GZIP_MAGIC) else body
    lines = parse_lines(content, media_type, now)
    return len(lines), make_batches(lines, website_id, now)


def _media_type(request: Request) -> str:
    """Which form of an export the body has. Raises AppError 415; no form of a foreign page can send either type."""
    found = _MEDIA_TYPE.fullmatch(request.headers.get("content-type", ""))
    if found is None:
        raise AppError(415, "unsupported_media_type", f"Content-Type: must be {NDJSON} or {CSV}")
    # What is packed tells so itself.
    if request.headers.get("content-encoding", "").strip().lower() not in _ENCODINGS:
        raise AppError(415, "unsupported_encoding", "Content-Encoding: only gzip is understood")
    return found[1].lower()


async def _read(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_IMPORT_BYTES:
            raise too_large(MAX_IMPORT_BYTES)
    return bytes(body)
