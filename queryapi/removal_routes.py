"""The endpoints that erase a visitor, and purge what meets filters (SPEC N6)."""

from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from queryapi.access import require_website
from queryapi.audit import record
from queryapi.body import read_json
from queryapi.call import Call
from queryapi.database import changes, snapshot
from queryapi.endpoint import PRIVATE, Services
from queryapi.envelope import OUT_OF_RETENTION, is_out_of_retention, range_body
from queryapi.fixed import fixed
from queryapi.params import Params
from queryapi.purge import parse_purge, pick_events, purge_query
from queryapi.removal import erase_visitor, remove_picked
from queryapi.website_routes import authorize_change
from shared.asgi import json_response
from shared.errors import AppError

# As the gateway takes it (SPEC R10).
MAX_VISITOR_ID_CHARACTERS = 255


def removal_routes(services: Services) -> list[BaseRoute]:
    """The routes of a visitor, whose id may have slashes in it, and of a purge."""

    async def erase(request: Request) -> Response:
        website_id, visitor_id = request.path_params["website_id"], request.path_params["visitor_id"]
        principal = await authorize_change(request, services)
        if not 0 < len(visitor_id) <= MAX_VISITOR_ID_CHARACTERS or "\0" in visitor_id:
            problem = f"must be 1 to {MAX_VISITOR_ID_CHARACTERS} characters"
            raise AppError(422, "invalid_value", f"visitor_id: {problem}", details={"field": "visitor_id"})
        async with snapshot(services.pool, services.settings) as reader:
            await require_website(reader, principal, website_id)
        erased = await erase_visitor(services, website_id, visitor_id, uuid4())
        record(principal, "visitor_erased", website_id, **erased)
        return json_response({"website_id": website_id, **erased}, headers=PRIVATE)

    async def purge(request: Request) -> Response:
        website_id = request.path_params["website_id"]
        principal = await authorize_change(request, services)
        asked = parse_purge(await read_json(request))
        removal_id = None if asked.is_dry_run else uuid4()
        async with changes(services.pool, services.settings) as reader:
            website = await require_website(reader, principal, website_id)
            query = purge_query(asked, website, services.clock)
            await reader.rows(fixed("writes/clear_removals", {}))
            counts = await pick_events(reader, query, removal_id)
            call = Call(website, Params({}), query.as_of, reader, services.settings.exact_up_to)
            is_lost = await is_out_of_retention(call, query, is_raw=True)
        if removal_id is not None:
            await remove_picked(services, removal_id)
            record(principal, "events_purged", website_id, **counts)
        body = {
            "website_id": website_id,
            "date_range": query.range.label,
            "range": range_body(query.range),
            "dry_run": asked.is_dry_run,
            **counts,
            "meta": {"generated_at": query.as_of, "warnings": [OUT_OF_RETENTION] if is_lost else []},
        }
        return json_response(body, headers=PRIVATE)

    return [
        Route("/api/v1/websites/{website_id}/visitors/{visitor_id:path}", erase, methods=["DELETE"]),
        Route("/api/v1/websites/{website_id}/purge", purge, methods=["POST"]),
    ]
