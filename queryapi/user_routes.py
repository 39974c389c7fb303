"""The endpoints of users: for owners of every website."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from queryapi.access import authorize
from queryapi.audit import record
from queryapi.body import read_json
from queryapi.database import snapshot
from queryapi.endpoint import PRIVATE, Services, by_method
from queryapi.params import NO_PARAMETERS, parse_params
from queryapi.stretch import listed_body, parse_stretch
from queryapi.user import User, parse_user, user_body
from queryapi.user_store import (
    changing_users,
    create_user,
    delete_user,
    find_user,
    list_users,
    no_such_user,
    replace_user,
)
from queryapi.website_routes import MANAGE_SCOPE
from shared.asgi import json_response
from shared.errors import AppError
from shared.passwords import make_password
from shared.tokens import Principal


def user_routes(services: Services) -> list[BaseRoute]:
    """Every route of users."""
    endpoints = _Users(services)
    return [
        Route(
            "/api/v1/users", by_method({"GET": endpoints.list_all, "POST": endpoints.create}), methods=["GET", "POST"]
        ),
        Route(
            "/api/v1/users/{user_id}",
            by_method({"GET": endpoints.show, "PUT": endpoints.replace, "DELETE": endpoints.delete}),
            methods=["GET", "PUT", "DELETE"],
        ),
    ]


class _Users:
    def __init__(self, services: Services) -> None:
        self._services = services

    async def list_all(self, request: Request) -> Response:
        services = self._services
        await self._authorize(request)
        stretch = parse_stretch(request)
        async with snapshot(services.pool, services.settings) as reader:
            listed = await list_users(reader, stretch)
        return json_response(listed_body(listed, stretch, user_body, services.clock()), headers=PRIVATE)

    async def show(self, request: Request) -> Response:
        await self._authorize_one(request)
        async with snapshot(self._services.pool, self._services.settings) as reader:
            user = await find_user(reader, _user_id(request))
        if user is None:
            raise no_such_user()
        return _respond(user)

    async def create(self, request: Request) -> Response:
        """The answer tells the password once where none was sent."""
        services = self._services
        principal = await self._authorize_one(request)
        asked = parse_user(await read_json(request))
        made = make_password() if asked.password is None else None
        kept = await services.hashing.hash(asked.password or made or "")
        async with changing_users(services.pool, services.settings) as reader:
            user = await create_user(reader, asked, kept, services.clock())
        record(principal, "user_created", user_id=str(user.user_id), role=user.role, websites=user.websites)
        shown = {} if made is None else {"password": made}
        location = {"Location": f"/api/v1/users/{user.user_id}"}
        return json_response({**user_body(user), **shown}, 201, {**PRIVATE, **location})

    async def replace(self, request: Request) -> Response:
        """A new password, or being disabled, ends every session of the user."""
        services, sessions = self._services, self._services.credentials.sessions
        principal = await self._authorize_one(request)
        user_id, asked = _user_id(request), parse_user(await read_json(request))
        kept = None if asked.password is None else await services.hashing.hash(asked.password)
        async with changing_users(services.pool, services.settings) as reader:
            user = await replace_user(reader, user_id, asked, kept, services.clock())
            if kept is not None or user.is_disabled:
                await sessions.end_all(reader, user_id)
        sessions.forget_user(user_id)
        has_new_password = kept is not None
        record(
            principal,
            "user_replaced",
            user_id=str(user_id),
            role=user.role,
            websites=user.websites,
            is_disabled=user.is_disabled,
            has_new_password=has_new_password,
        )
        return _respond(user)

    async def delete(self, request: Request) -> Response:
        services = self._services
        principal = await self._authorize_one(request)
        user_id = _user_id(request)
        async with changing_users(services.pool, services.settings) as reader:
            await delete_user(reader, user_id)
        services.credentials.sessions.forget_user(user_id)
        record(principal, "user_deleted", user_id=str(user_id))
        return Response(status_code=204, headers=PRIVATE)

    async def _authorize(self, request: Request) -> Principal:
        principal = await authorize(request, self._services.credentials, MANAGE_SCOPE)
        if principal.websites is not None:
            raise AppError(403, "forbidden", "token: for an owner of all websites")
        return principal

    async def _authorize_one(self, request: Request) -> Principal:
        principal = await self._authorize(request)
        parse_params(request.scope["query_string"], NO_PARAMETERS, NO_PARAMETERS)
        return principal


def _user_id(request: Request) -> UUID:
    try:
        return UUID(request.path_params["user_id"])
    except ValueError as error:
        raise no_such_user() from error


def _respond(user: User) -> Response:
    return json_response(user_body(user), headers=PRIVATE)
