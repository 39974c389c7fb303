"""The endpoints of goals: what they are, and how often they are met."""

from dataclasses import dataclass

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from queryapi.access import authorize, require_website
from queryapi.body import read_json
from queryapi.database import changes, snapshot
from queryapi.endpoint import VARY, Services, by_method
from queryapi.funnel_routes import FUNNELS_SCOPE
from queryapi.goal import create_goal, delete_goal, goal_body, list_goals, parse_goal, parse_goal_id, replace_goal
from queryapi.params import parse_params
from queryapi.website_routes import authorize_change
from shared.asgi import json_response

_NO_PARAMETERS: frozenset[str] = frozenset()


def goal_routes(services: Services) -> list[BaseRoute]:
    """Every route that defines goals."""
    endpoints = _Goals(services)
    return [
        Route(
            "/api/v1/websites/{website_id}/goals",
            by_method({"GET": endpoints.list_all, "POST": endpoints.create}),
            methods=["GET", "POST"],
        ),
        Route(
            "/api/v1/websites/{website_id}/goals/{goal_id}",
            by_method({"PUT": endpoints.replace, "DELETE": endpoints.delete}),
            methods=["PUT", "DELETE"],
        ),
    ]


@dataclass(frozen=True)
class _Goals:
    services: Services

    async def list_all(self, request: Request) -> Response:
        principal = await authorize(request, self.services.credentials)
        parse_params(request.scope["query_string"], _NO_PARAMETERS, _NO_PARAMETERS)
        async with snapshot(self.services.pool, self.services.settings) as reader:
            website = await require_website(reader, principal, request.path_params["website_id"])
            goals = await list_goals(reader, website.website_id)
        body: dict[str, object] = {
            "website_id": website.website_id,
            "data": [goal_body(goal) for goal in goals],
            "total": len(goals),
            "meta": {"generated_at": self.services.clock(), "warnings": []},
        }
        return json_response(body, headers={"Cache-Control": "private, no-cache", "Vary": VARY})

    async def create(self, request: Request) -> Response:
        principal = await authorize_change(request, self.services, FUNNELS_SCOPE)
        goal = parse_goal(await read_json(request))
        async with changes(self.services.pool, self.services.settings) as reader:
            website = await require_website(reader, principal, request.path_params["website_id"])
            await create_goal(reader, website.website_id, goal, self.services.clock())
        location = f"/api/v1/websites/{website.website_id}/goals/{goal.id}"
        return json_response(goal_body(goal), 201, {"Location": location, "Cache-Control": "no-store"})

    async def replace(self, request: Request) -> Response:
        principal = await authorize_change(request, self.services, FUNNELS_SCOPE)
        goal_id = parse_goal_id(request.path_params["goal_id"])
        goal = msgspec.structs.replace(parse_goal(await read_json(request)), id=goal_id)
        async with changes(self.services.pool, self.services.settings) as reader:
            website = await require_website(reader, principal, request.path_params["website_id"])
            await replace_goal(reader, website.website_id, goal)
        return json_response(goal_body(goal), headers={"Cache-Control": "no-store"})

    async def delete(self, request: Request) -> Response:
        principal = await authorize_change(request, self.services, FUNNELS_SCOPE)
        goal_id = parse_goal_id(request.path_params["goal_id"])
        async with changes(self.services.pool, self.services.settings) as reader:
            website = await require_website(reader, principal, request.path_params["website_id"])
            await delete_goal(reader, website.website_id, goal_id)
        return Response(status_code=204)
