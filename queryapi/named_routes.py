"""The endpoints of what a website keeps under names: read by whoever reads its reports, written by editors."""

from dataclasses import dataclass
from typing import Generic
from uuid import UUID, uuid4

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from queryapi.access import authorize, require_website
from queryapi.body import read_json
from queryapi.database import changes, snapshot
from queryapi.endpoint import PRIVATE, REVALIDATED, Services, by_method
from queryapi.funnel_routes import FUNNELS_SCOPE
from queryapi.named import Kind, T
from queryapi.params import NO_PARAMETERS, parse_params
from queryapi.website_routes import authorize_change
from shared.asgi import json_response


def named_routes(services: Services, kind: Kind[T]) -> list[BaseRoute]:
    """Every route that defines what is of this kind."""
    endpoints = _Endpoints(services, kind)
    path = f"/api/v1/websites/{{website_id}}/{kind.word}s"
    return [
        Route(path, by_method({"GET": endpoints.list_all, "POST": endpoints.create}), methods=["GET", "POST"]),
        Route(
            f"{path}/{{{kind.word}_id}}",
            by_method({"PUT": endpoints.replace, "DELETE": endpoints.delete}),
            methods=["PUT", "DELETE"],
        ),
    ]


@dataclass(frozen=True)
class _Endpoints(Generic[T]):
    services: Services
    kind: Kind[T]

    async def list_all(self, request: Request) -> Response:
        principal = await authorize(request, self.services.credentials)
        parse_params(request.scope["query_string"], NO_PARAMETERS, NO_PARAMETERS)
        async with snapshot(self.services.pool, self.services.settings) as reader:
            website = await require_website(reader, principal, request.path_params["website_id"])
            found = await self.kind.list_all(reader, website.website_id)
        body: dict[str, object] = {
            "website_id": website.website_id,
            "data": [self.kind.body(one) for one in found],
            "total": len(found),
            "meta": {"generated_at": self.services.clock(), "warnings": []},
        }
        return json_response(body, headers=REVALIDATED)

    async def create(self, request: Request) -> Response:
        principal = await authorize_change(request, self.services, FUNNELS_SCOPE)
        one = self.kind.parse(await read_json(request), uuid4())
        async with changes(self.services.pool, self.services.settings) as reader:
            website = await require_website(reader, principal, request.path_params["website_id"])
            await self.kind.create(reader, website.website_id, one, self.services.clock())
        location = f"/api/v1/websites/{website.website_id}/{self.kind.word}s/{one.id}"
        return json_response(self.kind.body(one), 201, {"Location": location, **PRIVATE})

    async def replace(self, request: Request) -> Response:
        principal = await authorize_change(request, self.services, FUNNELS_SCOPE)
        one_id = self._id(request)
        one = self.kind.parse(await read_json(request), one_id)
        async with changes(self.services.pool, self.services.settings) as reader:
            website = await require_website(reader, principal, request.path_params["website_id"])
            await self.kind.replace(reader, website.website_id, one)
        return json_response(self.kind.body(one), headers=PRIVATE)

    async def delete(self, request: Request) -> Response:
        principal = await authorize_change(request, self.services, FUNNELS_SCOPE)
        one_id = self._id(request)
        async with changes(self.services.pool, self.services.settings) as reader:
            website = await require_website(reader, principal, request.path_params["website_id"])
            await self.kind.delete(reader, website.website_id, one_id)
        return Response(status_code=204)

    def _id(self, request: Request) -> UUID:
        return self.kind.parse_id(request.path_params[f"{self.kind.word}_id"])
