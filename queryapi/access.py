"""Who may ask what. The one place where a credential meets a website (SPEC R63)."""

from dataclasses import dataclass

from starlette.requests import Request

from queryapi.browser import Browser
from queryapi.database import Reader
from queryapi.filters import parse_filters
from queryapi.key_ring import KeyRing
from queryapi.query import Condition
from queryapi.share_tokens import SHARE_PREFIX, ShareTokens
from queryapi.sites import find_website
from queryapi.user_sessions import UserSessions
from shared.api_keys import KEY_PREFIX, key_principal, parse_key_id
from shared.clock import Clock
from shared.errors import AppError
from shared.registry import Website
from shared.tokens import UNAUTHORIZED, Principal, TokenVerifier, bearer_token, no_token

STATS_SCOPE = "stats:read"


@dataclass(frozen=True)
class Credentials:
    """What tells whom a request speaks for: tokens by their signature, API keys and sessions of browsers by what
    is kept of them."""

    verifier: TokenVerifier
    keys: KeyRing
    sessions: UserSessions
    browser: Browser
    shares: ShareTokens
    clock: Clock

    def are_sent(self, request: Request) -> bool:
        """Whether the request speaks for anybody, rightly or not."""
        return "authorization" in request.headers or self.browser.session_id(request) is not None

    async def principal(self, request: Request) -> Principal:
        """The principal of the `Authorization` header or, without one, of the cookie. Raises AppError 401, 403 as
        the verifier does or when a foreign page asks for a change, 503 where nobody can be looked up."""
        authorization = request.headers.get("authorization")
        session_id = self.browser.session_id(request)
        if authorization is None and session_id is not None:
            self.browser.check_change(request)
            return (await self.sessions.find(session_id)).user.principal
        token = bearer_token(authorization)
        if token.startswith(SHARE_PREFIX):
            return await self.shares.principal(token)
        if not token.startswith(KEY_PREFIX):
            return self.verifier.verify(authorization)
        key_id = parse_key_id(token)
        principal = key_principal(await self.keys.find(key_id), token, self.clock())
        self.keys.note_use(key_id)
        return principal


async def authorize(
    request: Request, credentials: Credentials, scope: str = STATS_SCOPE, *, opens_shares: bool = False
) -> Principal:
    """The principal of the request's token, key or cookie; raises AppError as `Credentials` does, or 403 when the
    scope is missing, and for a share link unless this is what it shows."""
    principal = await credentials.principal(request)
    if principal.is_share and not opens_shares:
        raise AppError(403, "forbidden", "token: a share link shows reports alone")
    if scope not in principal.scopes:
        raise AppError(403, "forbidden", f"token: the scope {scope} is required")
    return principal


async def identify_reader(
    request: Request, credentials: Credentials, scope: str = STATS_SCOPE, *, opens_shares: bool = True
) -> Principal | None:
    """As `authorize`, but None for who shows nothing: what is public may be read without."""
    try:
        return await authorize(request, credentials, scope, opens_shares=opens_shares)
    except AppError as error:
        if error.code != UNAUTHORIZED or request.headers.get("authorization"):
            raise
        return None


def forced_filters(principal: Principal | None) -> tuple[Condition, ...]:
    """What everything must meet that the principal sees."""
    return () if principal is None else parse_filters(principal.forced_filters)


async def require_readable(
    reader: Reader, principal: Principal | None, website_id: str, *, is_shareable: bool = True
) -> Website:
    """The website whose reports are asked for: where they are public anybody may read those that a share link opens.
    Raises AppError 401 for nobody, and else as `require_website`."""
    if principal is not None and principal.may_see(website_id):
        return await require_website(reader, principal, website_id)
    website = await find_website(reader, website_id)
    if website is not None and website.is_public and is_shareable:
        return website
    raise no_such_website() if principal is not None else no_token()


async def require_website(reader: Reader, principal: Principal, website_id: str) -> Website:
    """The website; raises the same 404 for one that is unknown and for one of somebody else, and takes
    as long for both."""
    website = await find_website(reader, website_id)
    if website is None or not principal.may_see(website_id):
        raise no_such_website()
    return website


def no_such_website() -> AppError:
    """The one answer for a website that is unknown or somebody else's."""
    return AppError(404, "website_not_found", "no such website")
