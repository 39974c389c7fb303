"""The endpoints of share links: made and revoked by owners, opened by whoever has one (SPEC N7)."""

from secrets import token_urlsafe
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from queryapi.access import authorize, require_website
from queryapi.audit import record
from queryapi.body import read_json
from queryapi.database import changes, snapshot
from queryapi.endpoint import PRIVATE, Services, by_method
from queryapi.fields import parse_object
from queryapi.params import NO_PARAMETERS, parse_params
from queryapi.pattern_check import check_patterns
from queryapi.share import Share, parse_share, share_body
from queryapi.share_store import Secrets, create_share, delete_share, find_share, list_shares
from queryapi.share_tokens import TOKEN_LIFETIME, link_digest
from queryapi.stretch import listed_body, parse_stretch
from queryapi.user import password_field
from queryapi.website_routes import MANAGE_SCOPE, authorize_change
from shared.asgi import json_response
from shared.errors import AppError
from shared.tokens import unauthorized

_OPEN_FIELDS = frozenset({"token", "password"})
MAX_TOKEN_CHARACTERS = 64


def share_routes(services: Services) -> list[BaseRoute]:
    """Every route of share links."""
    endpoints = _Shares(services)
    return [
        Route(
            "/api/v1/websites/{website_id}/shares",
            by_method({"GET": endpoints.list_all, "POST": endpoints.create}),
            methods=["GET", "POST"],
        ),
        Route("/api/v1/websites/{website_id}/shares/{share_id}", endpoints.delete, methods=["DELETE"]),
        Route("/api/v1/shares/session", endpoints.open, methods=["POST"]),
    ]


class _Shares:
    def __init__(self, services: Services) -> None:
        self._services = services

    async def list_all(self, request: Request) -> Response:
        services, website_id = self._services, request.path_params["website_id"]
        principal = await authorize(request, services.credentials, MANAGE_SCOPE)
        stretch = parse_stretch(request)
        async with snapshot(services.pool, services.settings) as reader:
            await require_website(reader, principal, website_id)
            listed = await list_shares(reader, website_id, stretch)
        body = listed_body(listed, stretch, share_body, services.clock())
        return json_response({"website_id": website_id, **body}, headers=PRIVATE)

    async def create(self, request: Request) -> Response:
        """The only answer that tells the link."""
        services, website_id = self._services, request.path_params["website_id"]
        principal = await authorize_change(request, services)
        now = services.clock()
        asked = parse_share(await read_json(request), now)
        async with snapshot(services.pool, services.settings) as reader:
            await require_website(reader, principal, website_id)
            await check_patterns(reader, asked.conditions)
        token = token_urlsafe(32)
        kept = None if asked.password is None else await services.hashing.hash(asked.password)
        async with changes(services.pool, services.settings) as reader:
            await require_website(reader, principal, website_id)
            share = await create_share(reader, website_id, asked, Secrets(link_digest(token), kept), now)
        record(principal, "share_created", website_id, share_id=str(share.share_id))
        url = f"{services.credentials.browser.base_url(request)}/share/{token}"
        location = {"Location": f"/api/v1/websites/{website_id}/shares/{share.share_id}"}
        return json_response({**share_body(share), "url": url, "token": token}, 201, {**PRIVATE, **location})

    async def delete(self, request: Request) -> Response:
        services = self._services
        principal = await authorize_change(request, services)
        async with changes(services.pool, services.settings) as reader:
            website = await require_website(reader, principal, request.path_params["website_id"])
            share_id = _share_id(request)
            is_deleted = await delete_share(reader, website.website_id, share_id)
        if not is_deleted:
            raise _no_such_share()
        services.credentials.shares.forget(share_id)
        record(principal, "share_revoked", website.website_id, share_id=str(share_id))
        return Response(status_code=204, headers=PRIVATE)

    async def open(self, request: Request) -> Response:
        """The same answer for a link that never was, is revoked or over. Who has it right is not counted."""
        services = self._services
        parse_params(request.scope["query_string"], NO_PARAMETERS, NO_PARAMETERS)
        fields = parse_object(await read_json(request))
        fields.check_known(_OPEN_FIELDS)
        fields.require("token")
        digest = link_digest(fields.text("token", MAX_TOKEN_CHARACTERS) or "")
        password = password_field(fields, "password") if "password" in fields.values else None
        async with snapshot(services.pool, services.settings) as reader:
            share = await find_share(reader, digest)
        if share is None or share.is_over(services.clock()):
            self._take(request, digest)
            raise _no_such_share()
        if share.password_hash is not None:
            await self._check(request, share, share.password_hash, password)
        return json_response(
            {
                "access_token": services.credentials.shares.make(share),
                "expires_in": int(TOKEN_LIFETIME.total_seconds()),
                "website_id": share.website_id,
                "filters": share_body(share)["filters"],
            },
            headers=PRIVATE,
        )

    async def _check(self, request: Request, share: Share, kept: str, password: str | None) -> None:
        if password is None:
            raise unauthorized("password_required", "password: is required")
        self._take(request, share.share_id.bytes)
        if not await self._services.hashing.check(kept, password):
            raise unauthorized("wrong_password", "password: wrong")

    def _take(self, request: Request, subject: bytes) -> None:
        """One attempt on a link, and of a network; raises AppError 429."""
        services = self._services
        network = b"share" + services.credentials.browser.network(request)
        services.attempts.take((network, b"share" + subject), services.clock().timestamp())


def _share_id(request: Request) -> UUID:
    try:
        return UUID(request.path_params["share_id"])
    except ValueError as error:
        raise _no_such_share() from error


def _no_such_share() -> AppError:
    return AppError(404, "share_not_found", "no such share link")
