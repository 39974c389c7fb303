"""The endpoints of a website's API keys (SPEC N2). All of them need `manage`, which no key has."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from queryapi.access import authorize, require_website
from queryapi.api_key import key_body, parse_key_request
from queryapi.audit import record
from queryapi.body import read_json
from queryapi.database import changes, snapshot
from queryapi.endpoint import PRIVATE, Services, by_method
from queryapi.key_store import create_key, delete_key, list_keys
from queryapi.stretch import listed_body, parse_stretch
from queryapi.website_routes import MANAGE_SCOPE, authorize_change, publish_change
from shared.api_keys import make_key
from shared.asgi import json_response
from shared.errors import AppError


def key_routes(services: Services) -> list[BaseRoute]:
    """Every route of keys."""
    endpoints = _Keys(services)
    return [
        Route(
            "/api/v1/websites/{website_id}/keys",
            by_method({"GET": endpoints.list_all, "POST": endpoints.create}),
            methods=["GET", "POST"],
        ),
        Route("/api/v1/websites/{website_id}/keys/{key_id}", endpoints.delete, methods=["DELETE"]),
    ]


class _Keys:
    def __init__(self, services: Services) -> None:
        self._services = services

    async def list_all(self, request: Request) -> Response:
        services, website_id = self._services, request.path_params["website_id"]
        principal = await authorize(request, services.credentials, MANAGE_SCOPE)
        stretch = parse_stretch(request)
        async with snapshot(services.pool, services.settings) as reader:
            await require_website(reader, principal, website_id)
            listed = await list_keys(reader, website_id, stretch)
        body = listed_body(listed, stretch, key_body, services.clock())
        return json_response({"website_id": website_id, **body}, headers=PRIVATE)

    async def create(self, request: Request) -> Response:
        services, website_id = self._services, request.path_params["website_id"]
        principal = await authorize_change(request, services)
        now = services.clock()
        asked = parse_key_request(await read_json(request), now)
        made = make_key()
        async with changes(services.pool, services.settings) as reader:
            await require_website(reader, principal, website_id)
            key = await create_key(reader, website_id, asked, made, now)
        record(principal, "key_created", website_id, key_id=key.key_id)
        await publish_change(services)
        location = {"Location": f"/api/v1/websites/{website_id}/keys/{key.key_id}"}
        return json_response({**key_body(key), "key": made.text}, 201, {**PRIVATE, **location})

    async def delete(self, request: Request) -> Response:
        services, key_id = self._services, request.path_params["key_id"]
        principal = await authorize_change(request, services)
        async with changes(services.pool, services.settings) as reader:
            website = await require_website(reader, principal, request.path_params["website_id"])
            is_deleted = await delete_key(reader, website.website_id, key_id)
        if not is_deleted:
            raise AppError(404, "key_not_found", "no such key")
        record(principal, "key_revoked", website.website_id, key_id=key_id)
        services.credentials.keys.forget(key_id)
        await publish_change(services)
        return Response(status_code=204, headers=PRIVATE)
