"""The endpoints of segments."""

from dataclasses import dataclass
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from queryapi.access import authorize, require_website
from queryapi.body import read_json
from queryapi.call import check_patterns
from queryapi.database import changes, snapshot
from queryapi.endpoint import VARY, Services, by_method
from queryapi.funnel_routes import FUNNELS_SCOPE
from queryapi.params import parse_params
from queryapi.segment import (
    create_segment,
    delete_segment,
    list_segments,
    parse_segment,
    parse_segment_id,
    replace_segment,
    segment_body,
    segment_filters,
)
from queryapi.website_routes import authorize_change
from shared.asgi import json_response

_NO_PARAMETERS: frozenset[str] = frozenset()


def segment_routes(services: Services) -> list[BaseRoute]:
    """Every route that defines segments."""
    endpoints = _Segments(services)
    return [
        Route(
            "/api/v1/websites/{website_id}/segments",
            by_method({"GET": endpoints.list_all, "POST": endpoints.create}),
            methods=["GET", "POST"],
        ),
        Route(
            "/api/v1/websites/{website_id}/segments/{segment_id}",
            by_method({"PUT": endpoints.replace, "DELETE": endpoints.delete}),
            methods=["PUT", "DELETE"],
        ),
    ]


@dataclass(frozen=True)
class _Segments:
    services: Services

    async def list_all(self, request: Request) -> Response:
        principal = await authorize(request, self.services.credentials)
        parse_params(request.scope["query_string"], _NO_PARAMETERS, _NO_PARAMETERS)
        async with snapshot(self.services.pool, self.services.settings) as reader:
            website = await require_website(reader, principal, request.path_params["website_id"])
            segments = await list_segments(reader, website.website_id)
        body: dict[str, object] = {
            "website_id": website.website_id,
            "data": [segment_body(segment) for segment in segments],
            "total": len(segments),
            "meta": {"generated_at": self.services.clock(), "warnings": []},
        }
        return json_response(body, headers={"Cache-Control": "private, no-cache", "Vary": VARY})

    async def create(self, request: Request) -> Response:
        principal = await authorize_change(request, self.services, FUNNELS_SCOPE)
        segment = parse_segment(await read_json(request), uuid4())
        async with changes(self.services.pool, self.services.settings) as reader:
            website = await require_website(reader, principal, request.path_params["website_id"])
            await check_patterns(reader, segment_filters(segment))
            await create_segment(reader, website.website_id, segment, self.services.clock())
        location = f"/api/v1/websites/{website.website_id}/segments/{segment.id}"
        return json_response(segment_body(segment), 201, {"Location": location, "Cache-Control": "no-store"})

    async def replace(self, request: Request) -> Response:
        principal = await authorize_change(request, self.services, FUNNELS_SCOPE)
        segment_id = parse_segment_id(request.path_params["segment_id"])
        segment = parse_segment(await read_json(request), segment_id)
        async with changes(self.services.pool, self.services.settings) as reader:
            website = await require_website(reader, principal, request.path_params["website_id"])
            await check_patterns(reader, segment_filters(segment))
            await replace_segment(reader, website.website_id, segment)
        return json_response(segment_body(segment), headers={"Cache-Control": "no-store"})

    async def delete(self, request: Request) -> Response:
        principal = await authorize_change(request, self.services, FUNNELS_SCOPE)
        segment_id = parse_segment_id(request.path_params["segment_id"])
        async with changes(self.services.pool, self.services.settings) as reader:
            website = await require_website(reader, principal, request.path_params["website_id"])
            await delete_segment(reader, website.website_id, segment_id)
        return Response(status_code=204)
