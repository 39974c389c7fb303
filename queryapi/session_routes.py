"""Signing in and out, and one's own password. The cookie is the only credential here."""

from hashlib import sha256

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from queryapi.audit import record
from queryapi.body import read_json
from queryapi.database import changes, snapshot
from queryapi.endpoint import PRIVATE, Services, by_method
from queryapi.fields import parse_object
from queryapi.params import NO_PARAMETERS, parse_params
from queryapi.user import User, email_field, new_password_field, password_field, whoami_body
from queryapi.user_sessions import SESSION_LIFETIME, UserSession
from queryapi.user_store import Password, find_password, find_user, set_password
from shared.asgi import json_response
from shared.errors import AppError
from shared.passwords import is_outdated
from shared.tokens import UNAUTHORIZED, unauthorized

_SIGN_IN_FIELDS = frozenset({"email", "password"})
_PASSWORD_FIELDS = frozenset({"current", "new"})


def session_routes(services: Services) -> list[BaseRoute]:
    """Every route of one's own session."""
    endpoints = _Session(services)
    return [
        Route(
            "/api/v1/session",
            by_method({"GET": endpoints.show, "POST": endpoints.sign_in, "DELETE": endpoints.sign_out}),
            methods=["GET", "POST", "DELETE"],
        ),
        Route("/api/v1/session/password", endpoints.change_password, methods=["PUT"]),
    ]


def signed_in(services: Services, request: Request, user: User, session_id: str, status: int = 200) -> Response:
    """The answer that tells a browser who it is from now on."""
    response = json_response({"user": whoami_body(user)}, status, PRIVATE)
    services.credentials.browser.give(request, response, session_id, SESSION_LIFETIME)
    return response


class _Session:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._sessions = services.credentials.sessions
        self._browser = services.credentials.browser

    async def show(self, request: Request) -> Response:
        parse_params(request.scope["query_string"], NO_PARAMETERS, NO_PARAMETERS)
        session = await self._require(request)
        return json_response({"user": whoami_body(session.user)}, headers=PRIVATE)

    async def sign_in(self, request: Request) -> Response:
        """The same answer for an address that nobody has, a wrong password and a disabled user, for the same work."""
        services = self._services
        parse_params(request.scope["query_string"], NO_PARAMETERS, NO_PARAMETERS)
        self._browser.check_origin(request)
        fields = parse_object(await read_json(request))
        fields.check_known(_SIGN_IN_FIELDS)
        email, sent = email_field(fields), password_field(fields, "password")
        account = b"account" + sha256(email.encode()).digest()
        services.attempts.take((self._browser.network(request), account), services.clock().timestamp())
        async with snapshot(services.pool, services.settings) as reader:
            password = await find_password(reader, email=email)
        is_right = await services.hashing.check(password.kept if password else None, sent)
        if password is None or not is_right:
            raise unauthorized("wrong_credentials", "email or password: wrong")
        if is_outdated(password.kept):
            password = await self._renew(password, sent)
        before = self._browser.session_id(request)
        async with changes(services.pool, services.settings) as reader:
            if before is not None:
                await self._sessions.end(reader, before)
            session_id = await self._sessions.start(reader, password.user_id)
            user = await find_user(reader, password.user_id)
        if before is not None:
            self._sessions.forget(before)
        assert user is not None
        record(user.principal, "signed_in")
        return signed_in(services, request, user, session_id)

    async def sign_out(self, request: Request) -> Response:
        """204 whether or not the session still held: afterwards it does not."""
        services = self._services
        parse_params(request.scope["query_string"], NO_PARAMETERS, NO_PARAMETERS)
        self._browser.check_change(request)
        session_id = self._browser.session_id(request)
        if session_id is not None:
            async with changes(services.pool, services.settings) as reader:
                await self._sessions.end(reader, session_id)
            self._sessions.forget(session_id)
        response = Response(status_code=204, headers=PRIVATE)
        self._browser.take(request, response)
        return response

    async def change_password(self, request: Request) -> Response:
        """Ends every session of the user; this browser gets a new one."""
        services = self._services
        parse_params(request.scope["query_string"], NO_PARAMETERS, NO_PARAMETERS)
        self._browser.check_change(request)
        user = (await self._require(request)).user
        fields = parse_object(await read_json(request))
        fields.check_known(_PASSWORD_FIELDS)
        current, new = password_field(fields, "current"), new_password_field(fields, "new")
        services.attempts.take((b"password" + user.user_id.bytes,), services.clock().timestamp())
        async with snapshot(services.pool, services.settings) as reader:
            password = await find_password(reader, user_id=user.user_id)
        if password is None or not await services.hashing.check(password.kept, current):
            raise AppError(403, "wrong_password", "current: not the password", details={"field": "current"})
        kept = await services.hashing.hash(new)
        async with changes(services.pool, services.settings) as reader:
            if not await set_password(reader, password, kept):
                raise AppError(409, "password_changed", "the password has been changed meanwhile")
            await self._sessions.end_all(reader, user.user_id)
            session_id = await self._sessions.start(reader, user.user_id)
        self._sessions.forget_user(user.user_id)
        record(user.principal, "password_changed", user_id=str(user.user_id))
        response = Response(status_code=204, headers=PRIVATE)
        self._browser.give(request, response, session_id, SESSION_LIFETIME)
        return response

    async def _require(self, request: Request) -> UserSession:
        session_id = self._browser.session_id(request)
        if session_id is None:
            raise unauthorized(UNAUTHORIZED, "session: none; sign in")
        return await self._sessions.find(session_id)

    async def _renew(self, password: Password, sent: str) -> Password:
        """The password under today's parameters."""
        services = self._services
        kept = await services.hashing.hash(sent)
        async with changes(services.pool, services.settings) as reader:
            await set_password(reader, password, kept)
        return password._replace(kept=kept)
