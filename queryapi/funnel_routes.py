"""The funnel endpoints (SPEC B14-B18). The path after `/funnels/` is a website's id where it is read and a
funnel's where it is changed: one route, told apart by the method (SPEC C14)."""

import re
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from queryapi.access import authorize, require_website
from queryapi.body import read_json
from queryapi.call import REPEATABLE_PARAMETERS
from queryapi.database import Reader, changes, snapshot
from queryapi.endpoint import PRIVATE, REVALIDATED, Asked, Asking, Services, answer, by_method, send
from queryapi.explain import EXPLAIN_PARAMETER, take_explain
from queryapi.fields import refuse
from queryapi.funnel import Funnel, funnel_body
from queryapi.funnel_definition import parse_definition
from queryapi.funnel_performance import PERFORMANCE_PARAMETERS, performance_of
from queryapi.funnel_store import Draft, create_funnel, delete_funnel, find_funnel, list_funnels, replace_funnel
from queryapi.params import parse_params
from queryapi.stretch import listed_body, parse_stretch
from queryapi.website_routes import authorize_change
from shared.asgi import json_response
from shared.errors import AppError
from shared.tokens import Principal

FUNNELS_SCOPE = "funnels:write"
_PERFORMANCE_PARAMETERS = PERFORMANCE_PARAMETERS | {EXPLAIN_PARAMETER}
_CREATION_KEY = re.compile(r"[!-~]{1,255}")


def funnel_routes(services: Services) -> list[BaseRoute]:
    """Every funnel route."""
    endpoints = _Funnels(services)
    return [
        Route("/api/v1/funnels", endpoints.create, methods=["POST"]),
        Route(
            "/api/v1/funnels/{id}",
            by_method({"GET": endpoints.list_all, "PUT": endpoints.replace, "DELETE": endpoints.delete}),
            methods=["GET", "PUT", "DELETE"],
        ),
        Route("/api/v1/funnels/{id}/performance", endpoints.performance, methods=["GET"]),
    ]


@dataclass(frozen=True)
class _Funnels:
    services: Services

    async def list_all(self, request: Request) -> Response:
        principal = await authorize(request, self.services.credentials, opens_shares=True)
        stretch = parse_stretch(request)
        async with snapshot(self.services.pool, self.services.settings) as reader:
            website_id = await _listed_website(reader, principal, request.path_params["id"])
            listed = await list_funnels(reader, website_id, stretch)
        body = listed_body(listed, stretch, funnel_body, self.services.clock())
        return json_response({"website_id": website_id, **body}, headers=REVALIDATED)

    async def create(self, request: Request) -> Response:
        principal = await authorize_change(request, self.services, FUNNELS_SCOPE)
        key = _creation_key(request)
        submitted = parse_definition(await read_json(request), keep_ids=False)
        if submitted.website_id is None:
            raise refuse("missing_field", "website_id", "is required")
        async with changes(self.services.pool, self.services.settings) as reader:
            await require_website(reader, principal, submitted.website_id)
            draft = Draft(submitted.website_id, submitted.definition, key, self.services.clock())
            funnel = await create_funnel(reader, draft)
        location = {"Location": f"/api/v1/funnels/{funnel.funnel_id}"}
        return _funnel_response(funnel, 201, location)

    async def replace(self, request: Request) -> Response:
        principal = await authorize_change(request, self.services, FUNNELS_SCOPE)
        submitted = parse_definition(await read_json(request), keep_ids=True)
        async with changes(self.services.pool, self.services.settings) as reader:
            funnel = await _require_funnel(reader, principal, request.path_params["id"])
            _check_version(request, funnel)
            if submitted.website_id not in {None, funnel.website_id}:
                raise AppError(409, "immutable_field", "website_id: cannot be changed", details={"field": "website_id"})
            funnel = await replace_funnel(reader, funnel, submitted.definition, self.services.clock())
        return _funnel_response(funnel, 200, {})

    async def delete(self, request: Request) -> Response:
        principal = await authorize_change(request, self.services, FUNNELS_SCOPE)
        async with changes(self.services.pool, self.services.settings) as reader:
            funnel = await _require_funnel(reader, principal, request.path_params["id"])
            _check_version(request, funnel)
            await delete_funnel(reader, funnel)
        return Response(status_code=204)

    async def performance(self, request: Request) -> Response:
        principal = await authorize(request, self.services.credentials, opens_shares=True)
        sent = parse_params(request.scope["query_string"], _PERFORMANCE_PARAMETERS, REPEATABLE_PARAMETERS)
        params, explainer = take_explain(sent, principal)
        asking = Asking(services=self.services, principal=principal, explainer=explainer)

        async def ask(reader: Reader) -> Asked:
            funnel = await _require_funnel(reader, principal, request.path_params["id"])
            call = await asking.call(reader, funnel.website_id, params)
            # Its version: an edited funnel is another one.
            return Asked(call, performance_of(funnel, params), f"funnel {funnel.funnel_id} {funnel.version}")

        async with self.services.gate.enter(principal):
            return send(request, await answer(self.services, ask, is_explained=explainer is not None))


async def _require_funnel(reader: Reader, principal: Principal, funnel_id: str) -> Funnel:
    """The funnel; the same 404 for one that is unknown and for one of somebody else's website."""
    funnel = await find_funnel(reader, funnel_id)
    if funnel is None or not principal.may_see(funnel.website_id):
        raise AppError(404, "funnel_not_found", "no such funnel")
    return funnel


async def _listed_website(reader: Reader, principal: Principal, website_id: str) -> str:
    """The website to list; who asks with the id of a funnel that they may read is told so."""
    try:
        return (await require_website(reader, principal, website_id)).website_id
    except AppError as error:
        funnel = await find_funnel(reader, website_id)
        if funnel is None or not principal.may_see(funnel.website_id):
            raise
        hint = f"a funnel has this id; list the funnels of {funnel.website_id}, or ask for its performance"
        raise AppError(404, error.code, error.message, details={"hint": hint}) from error


def _creation_key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is not None and _CREATION_KEY.fullmatch(key) is None:
        raise AppError(400, "invalid_header", "Idempotency-Key: must be 1 to 255 visible ASCII characters")
    return key


def _check_version(request: Request, funnel: Funnel) -> None:
    """Raises AppError 412 when the request is about another version than the stored one."""
    asked = request.headers.get("if-match")
    if asked is None or asked.strip() == "*" or funnel.etag in {tag.strip() for tag in asked.split(",")}:
        return
    raise AppError(412, "precondition_failed", "If-Match: the funnel has changed", details={"etag": funnel.etag})


def _funnel_response(funnel: Funnel, status: int, headers: dict[str, str]) -> Response:
    return json_response(funnel_body(funnel), status, {**headers, **PRIVATE, "ETag": funnel.etag})
