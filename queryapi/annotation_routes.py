"""The endpoints of annotations: read with the reports, written by editors."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from queryapi.access import authorize, require_website
from queryapi.annotation import (
    Annotation,
    annotation_body,
    create_annotation,
    delete_annotation,
    list_annotations,
    no_such_annotation,
    parse_note,
    replace_annotation,
)
from queryapi.body import read_json
from queryapi.call import Call, asked_range
from queryapi.database import changes, snapshot
from queryapi.endpoint import PRIVATE, REVALIDATED, Services, by_method
from queryapi.funnel_routes import FUNNELS_SCOPE
from queryapi.params import NO_PARAMETERS, parse_params
from queryapi.ranges import RANGE_PARAMETERS
from queryapi.website_routes import authorize_change
from shared.asgi import json_response


def annotation_routes(services: Services) -> list[BaseRoute]:
    """Every route of annotations."""
    endpoints = _Annotations(services)
    return [
        Route(
            "/api/v1/websites/{website_id}/annotations",
            by_method({"GET": endpoints.list_all, "POST": endpoints.create}),
            methods=["GET", "POST"],
        ),
        Route(
            "/api/v1/websites/{website_id}/annotations/{annotation_id}",
            by_method({"PUT": endpoints.replace, "DELETE": endpoints.delete}),
            methods=["PUT", "DELETE"],
        ),
    ]


class _Annotations:
    def __init__(self, services: Services) -> None:
        self._services = services

    async def list_all(self, request: Request) -> Response:
        """Those of the range that is asked for, all without one."""
        services = self._services
        principal = await authorize(request, services.credentials, opens_shares=True)
        params = parse_params(request.scope["query_string"], RANGE_PARAMETERS, NO_PARAMETERS)
        async with snapshot(services.pool, services.settings) as reader:
            website = await require_website(reader, principal, request.path_params["website_id"])
            is_ranged = params.has_any(*RANGE_PARAMETERS)
            asked = (
                await asked_range(Call(website, params, services.clock(), reader, services.settings.exact_up_to))
                if is_ranged
                else None
            )
            found = await list_annotations(reader, website.website_id, asked)
        body: dict[str, object] = {
            "website_id": website.website_id,
            "data": [annotation_body(annotation) for annotation in found],
            "total": len(found),
            "meta": {"generated_at": services.clock(), "warnings": []},
        }
        return json_response(body, headers=REVALIDATED)

    async def create(self, request: Request) -> Response:
        services = self._services
        principal = await authorize_change(request, self._services, FUNNELS_SCOPE)
        note = parse_note(await read_json(request))
        async with changes(services.pool, services.settings) as reader:
            website = await require_website(reader, principal, request.path_params["website_id"])
            made = await create_annotation(reader, website.website_id, note, services.clock())
        location = f"/api/v1/websites/{website.website_id}/annotations/{made.annotation_id}"
        return _respond(made, 201, {"Location": location})

    async def replace(self, request: Request) -> Response:
        principal = await authorize_change(request, self._services, FUNNELS_SCOPE)
        note = parse_note(await read_json(request))
        async with changes(self._services.pool, self._services.settings) as reader:
            website = await require_website(reader, principal, request.path_params["website_id"])
            replaced = await replace_annotation(reader, website.website_id, _annotation_id(request), note)
        return _respond(replaced)

    async def delete(self, request: Request) -> Response:
        principal = await authorize_change(request, self._services, FUNNELS_SCOPE)
        async with changes(self._services.pool, self._services.settings) as reader:
            website = await require_website(reader, principal, request.path_params["website_id"])
            await delete_annotation(reader, website.website_id, _annotation_id(request))
        return Response(status_code=204)


def _annotation_id(request: Request) -> UUID:
    try:
        return UUID(request.path_params["annotation_id"])
    except ValueError as error:
        raise no_such_annotation() from error


def _respond(annotation: Annotation, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return json_response(annotation_body(annotation), status, {**(headers or {}), **PRIVATE})
