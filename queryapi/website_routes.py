"""The endpoints of the websites themselves (SPEC N1)."""

import structlog
from redis.exceptions import RedisError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from queryapi.access import authorize, no_such_website, require_website
from queryapi.audit import record
from queryapi.body import read_json
from queryapi.database import changes, snapshot
from queryapi.endpoint import PRIVATE, REVALIDATED, Services, by_method
from queryapi.params import NO_PARAMETERS, parse_params
from queryapi.removal import remove_website_events
from queryapi.stretch import Stretch, listed_body, parse_stretch
from queryapi.website import RegisteredWebsite, check_new_id, parse_website, website_body
from queryapi.website_store import create_website, delete_website, list_websites, replace_website
from shared.asgi import json_response
from shared.errors import AppError
from shared.tokens import Principal

MANAGE_SCOPE = "manage"
# Where a deletion says what it left: a 204 has no body.
NOTICE_HEADER = "X-Analytics-Notice"
EVENTS_STAY = "the website's events stay until they are purged or retention drops them"

log = structlog.get_logger()


def website_routes(services: Services) -> list[BaseRoute]:
    """Every route of websites."""
    endpoints = _Websites(services)
    return [
        Route(
            "/api/v1/websites",
            by_method({"GET": endpoints.list_visible, "POST": endpoints.create}),
            methods=["GET", "POST"],
        ),
        Route(
            "/api/v1/websites/{website_id}",
            by_method({"GET": endpoints.show, "PUT": endpoints.replace, "DELETE": endpoints.delete}),
            methods=["GET", "PUT", "DELETE"],
        ),
    ]


async def authorize_change(request: Request, services: Services, scope: str = MANAGE_SCOPE) -> Principal:
    """The principal of a request that changes a website; raises AppError."""
    principal = await authorize(request, services.credentials, scope)
    parse_params(request.scope["query_string"], NO_PARAMETERS, NO_PARAMETERS)
    return principal


async def publish_change(services: Services) -> None:
    """Tell the gateway at once. Redis away undoes no change: the gateway is told when it is back."""
    if services.publication is None:
        return
    try:
        await services.publication.publish()
    except (AppError, RedisError, OSError) as error:
        log.warning("change_not_published", error=str(error))


class _Websites:
    def __init__(self, services: Services) -> None:
        self._services = services

    async def list_visible(self, request: Request) -> Response:
        services = self._services
        principal = await authorize(request, services.credentials)
        stretch = parse_stretch(request)
        visible = None if principal.websites is None else sorted(principal.websites)
        async with snapshot(services.pool, services.settings) as reader:
            listed = await list_websites(reader, visible, stretch)
        return json_response(listed_body(listed, stretch, website_body, services.clock()), headers=REVALIDATED)

    async def show(self, request: Request) -> Response:
        services, website_id = self._services, request.path_params["website_id"]
        principal = await authorize(request, services.credentials)
        parse_params(request.scope["query_string"], NO_PARAMETERS, NO_PARAMETERS)
        async with snapshot(services.pool, services.settings) as reader:
            await require_website(reader, principal, website_id)
            listed = await list_websites(reader, [website_id], Stretch(1, 0))
        return _respond(listed.items[0])

    async def create(self, request: Request) -> Response:
        services = self._services
        principal = await authorize_change(request, services)
        sent_id, traits = parse_website(await read_json(request), services.settings.retention_days)
        website_id = check_new_id(sent_id)
        if not principal.may_see(website_id):
            # Whether it is taken is nobody else's business.
            raise AppError(403, "forbidden", "token: not for this website")
        async with changes(services.pool, services.settings) as reader:
            website = await create_website(reader, website_id, traits, services.clock())
        record(principal, "website_created", website_id)
        await publish_change(services)
        return _respond(website, 201, {"Location": f"/api/v1/websites/{website_id}"})

    async def replace(self, request: Request) -> Response:
        services, website_id = self._services, request.path_params["website_id"]
        principal = await authorize_change(request, services)
        sent_id, traits = parse_website(await read_json(request), services.settings.retention_days)
        async with changes(services.pool, services.settings) as reader:
            await require_website(reader, principal, website_id)
            if sent_id not in {None, website_id}:
                raise AppError(409, "immutable_field", "id: cannot be changed", details={"field": "id"})
            website = await replace_website(reader, website_id, traits)
        if website is None:
            raise no_such_website()
        record(principal, "website_replaced", website_id)
        await publish_change(services)
        return _respond(website)

    async def delete(self, request: Request) -> Response:
        services, website_id = self._services, request.path_params["website_id"]
        principal = await authorize(request, services.credentials, MANAGE_SCOPE)
        params = parse_params(request.scope["query_string"], frozenset({"purge"}), NO_PARAMETERS)
        is_purged, events = params.flag("purge"), 0
        if is_purged:
            async with snapshot(services.pool, services.settings) as reader:
                await require_website(reader, principal, website_id)
            # Most of them before the registration: whoever is told that it failed can ask again.
            events = await remove_website_events(services, website_id)
        async with changes(services.pool, services.settings) as reader:
            await require_website(reader, principal, website_id)
            is_deleted = await delete_website(reader, website_id)
        if not is_deleted:
            raise no_such_website()
        services.credentials.keys.forget_website(website_id)
        services.credentials.sessions.forget_website(website_id)
        services.credentials.shares.forget_website(website_id)
        await publish_change(services)
        if is_purged:
            events += await remove_website_events(services, website_id)
        record(principal, "website_deleted", website_id, events=events)
        return Response(status_code=204, headers={} if is_purged else {NOTICE_HEADER: EVENTS_STAY})


def _respond(website: RegisteredWebsite, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return json_response(website_body(website), status, {**(headers or {}), **PRIVATE})
