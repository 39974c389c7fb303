"""Making the first user, with the link that was printed at the start (RELIABILITY 6.2)."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from queryapi.audit import record
from queryapi.body import read_json
from queryapi.database import Reader, snapshot
from queryapi.endpoint import PRIVATE, Services, by_method
from queryapi.fields import parse_object
from queryapi.fixed import fixed
from queryapi.params import NO_PARAMETERS, parse_params
from queryapi.session_routes import signed_in
from queryapi.user import UserRequest, email_field, new_password_field
from queryapi.user_store import changing_users, create_user, has_user
from shared.asgi import json_response
from shared.errors import AppError
from shared.setup_link import SETUP_TOKEN_CHARACTERS, token_digest
from shared.users import MAX_USER_NAME_CHARACTERS

_FIELDS = frozenset({"token", "email", "name", "password"})


def setup_routes(services: Services) -> list[BaseRoute]:
    """The route of the set-up."""
    endpoints = _Setup(services)
    return [
        Route("/api/v1/setup", by_method({"GET": endpoints.show, "POST": endpoints.set_up}), methods=["GET", "POST"])
    ]


class _Setup:
    def __init__(self, services: Services) -> None:
        self._services = services

    async def show(self, request: Request) -> Response:
        parse_params(request.scope["query_string"], NO_PARAMETERS, NO_PARAMETERS)
        async with snapshot(self._services.pool, self._services.settings) as reader:
            is_open = not await has_user(reader)
        return json_response({"is_open": is_open}, headers=PRIVATE)

    async def set_up(self, request: Request) -> Response:
        """Checks the token before the costly hash, and again under the lock: of many at once one wins."""
        services, browser = self._services, self._services.credentials.browser
        parse_params(request.scope["query_string"], NO_PARAMETERS, NO_PARAMETERS)
        browser.check_origin(request)
        fields = parse_object(await read_json(request))
        fields.check_known(_FIELDS)
        fields.require("token")
        digest = token_digest(fields.text("token", SETUP_TOKEN_CHARACTERS) or "")
        password = new_password_field(fields, "password")
        asked = UserRequest(
            email=email_field(fields),
            name=fields.label("name", MAX_USER_NAME_CHARACTERS) or "",
            role="owner",
            websites=None,
            is_disabled=False,
            password=password,
        )
        services.attempts.take((browser.network(request),), services.clock().timestamp())
        async with snapshot(services.pool, services.settings) as reader:
            await self._require_open(reader, digest)
        kept = await services.hashing.hash(password)
        async with changing_users(services.pool, services.settings) as reader:
            await self._require_open(reader, digest)
            user = await create_user(reader, asked, kept, services.clock())
            await reader.rows(fixed("writes/setup_link_delete", {}))
            session_id = await services.credentials.sessions.start(reader, user.user_id)
        record(user.principal, "set_up", user_id=str(user.user_id))
        return signed_in(services, request, user, session_id, 201)

    async def _require_open(self, reader: Reader, digest: bytes) -> None:
        found = (await reader.rows(fixed("reads/setup_link", {"digest": digest, "now": self._services.clock()})))[0]
        if found["is_open"] is not True:
            raise AppError(409, "setup_closed", "set-up: done; sign in")
        if found["is_genuine"] is not True:
            raise AppError(403, "invalid_setup_token", "token: wrong or expired; `analytics setup` prints a new link")
