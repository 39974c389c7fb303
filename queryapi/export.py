"""Raw events, whole and page by page (SPEC N5): lines of JSON, or CSV, that hold all that is stored of an event."""

import asyncio
import gzip
import re
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from queryapi.access import authorize, require_website
from queryapi.audit import record
from queryapi.csv_events import MEDIA_TYPE as CSV
from queryapi.csv_events import write_csv
from queryapi.database import snapshot
from queryapi.endpoint import PRIVATE, Services
from queryapi.fixed import fixed
from queryapi.params import NO_PARAMETERS, Params, bad_parameter, parse_params
from queryapi.ranges import LATEST, ends_range
from queryapi.rows import Row
from queryapi.website_routes import MANAGE_SCOPE
from queryapi.zones import find_zone
from shared.registry import Website

EXPORT_PARAMETERS = frozenset({"from", "to", "cursor", "limit", "format"})
NDJSON = "application/x-ndjson"
FORMATS = {"ndjson": NDJSON, "csv": CSV}
NEXT_CURSOR_HEADER = "X-Next-Cursor"
# A page is made in memory before it is sent, so that no connection waits for a slow reader: about 10 MB.
MAX_EXPORT_LIMIT = 10_000
_JSON_COLUMNS = ("performance", "properties")
_CURSOR = re.compile(r"([0-9]{1,17})-([0-9a-f]{32})", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class ExportPlace(NamedTuple):
    """The last event of a page; the next one begins after it."""

    moment: datetime
    id: UUID


_BEFORE_ALL = ExportPlace(_EPOCH - timedelta(days=1), UUID(int=0))
_AFTER_ALL = datetime.combine(LATEST, time.min, UTC)


def export_routes(services: Services) -> list[BaseRoute]:
    """The route of a website's raw events."""

    async def export(request: Request) -> Response:
        website_id = request.path_params["website_id"]
        principal = await authorize(request, services.credentials, MANAGE_SCOPE)
        params = parse_params(request.scope["query_string"], EXPORT_PARAMETERS, NO_PARAMETERS)
        limit = params.whole("limit", 1, MAX_EXPORT_LIMIT) or MAX_EXPORT_LIMIT
        media_type = FORMATS[params.choice("format", tuple(FORMATS)) or "ndjson"]
        place = _parse_cursor(params)
        async with snapshot(services.pool, services.settings) as reader:
            since, until = _ends(params, await require_website(reader, principal, website_id))
            # The place bounds the days that are looked at, too.
            values = {"website_id": website_id, "since": max(since, place.moment), "until": until, "limit": limit + 1}
            found = await reader.rows(fixed("reads/export_events", {**values, **place._asdict()}))
        headers = {**PRIVATE, "Vary": "Accept-Encoding, Authorization"}
        rows = found[:limit]
        if len(found) > limit:
            headers[NEXT_CURSOR_HEADER] = _cursor(rows[-1])
        is_packed = "gzip" in request.headers.get("accept-encoding", "")
        if is_packed:
            headers["Content-Encoding"] = "gzip"
        record(principal, "events_exported", website_id, events=len(rows))
        # Beside the loop: ten thousand lines take a fifth of a second.
        body = await asyncio.to_thread(_body, rows, media_type, is_packed=is_packed)
        return Response(body, headers=headers, media_type=media_type)

    return [Route("/api/v1/websites/{website_id}/export", export, methods=["GET"])]


def _ends(params: Params, website: Website) -> tuple[datetime, datetime]:
    """The range asked for; without one, all there is. Raises AppError 400."""
    if not params.has_any("from", "to"):
        return _BEFORE_ALL.moment, _AFTER_ALL
    asked = ends_range(params, "from", "to", find_zone(website.timezone))
    return asked.since, asked.until


def _body(rows: Sequence[Row], media_type: str, *, is_packed: bool) -> bytes:
    events = map(_event, rows)
    body = write_csv(events) if media_type == CSV else b"".join([msgspec.json.encode(one) + b"\n" for one in events])
    return gzip.compress(body, compresslevel=5, mtime=0) if is_packed else body


def _event(row: Row) -> dict[str, object]:
    """The columns that hold something; JSON as it is stored."""
    event = {name: value for name, value in row.items() if value is not None}
    for name in _JSON_COLUMNS:
        if name in event:
            event[name] = msgspec.Raw(str(event[name]).encode())
    return event


def _cursor(row: Row) -> str:
    moment, event_id = row["timestamp"], row["id"]
    assert isinstance(moment, datetime) and isinstance(event_id, UUID)
    return f"{(moment - _EPOCH) // _MICROSECOND}-{event_id.hex}"


def _parse_cursor(params: Params) -> ExportPlace:
    text = params.text("cursor")
    if text is None:
        return _BEFORE_ALL
    match = _CURSOR.fullmatch(text)
    if match is None or int(match[1]) > 253_402_300_799_999_999:
        raise bad_parameter("cursor", f"must be the {NEXT_CURSOR_HEADER} of the page before", "invalid_cursor")
    return ExportPlace(_EPOCH + int(match[1]) * _MICROSECOND, UUID(match[2]))
