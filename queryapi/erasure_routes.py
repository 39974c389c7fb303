"""The endpoint that erases a visitor (SPEC N6)."""

from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from queryapi.access import require_website
from queryapi.audit import record
from queryapi.database import snapshot
from queryapi.endpoint import Services
from queryapi.removal import erase_visitor
from queryapi.website_routes import authorize_change
from shared.asgi import json_response
from shared.errors import AppError

# As the gateway takes it (SPEC R10).
MAX_VISITOR_ID_CHARACTERS = 255


def erasure_routes(services: Services) -> list[BaseRoute]:
    """The route of a visitor. An id may have slashes in it."""

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
        return json_response({"website_id": website_id, **erased}, headers={"Cache-Control": "no-store"})

    return [Route("/api/v1/websites/{website_id}/visitors/{visitor_id:path}", erase, methods=["DELETE"])]
