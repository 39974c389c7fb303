"""Who may ask what. The one place where a token meets a website (SPEC R63)."""

from starlette.requests import Request

from queryapi.database import Reader
from queryapi.sites import find_website
from shared.errors import AppError
from shared.registry import Website
from shared.tokens import Principal, TokenVerifier

STATS_SCOPE = "stats:read"


def authorize(request: Request, verifier: TokenVerifier, scope: str = STATS_SCOPE) -> Principal:
    """The principal of the request's token; raises AppError 401, or 403 when the scope is missing."""
    principal = verifier.verify(request.headers.get("authorization"))
    if scope not in principal.scopes:
        raise AppError(403, "forbidden", f"token: the scope {scope} is required")
    return principal


async def require_website(reader: Reader, principal: Principal, website_id: str) -> Website:
    """The website; raises the same 404 for one that is unknown and for one of somebody else, and takes
    as long for both."""
    website = await find_website(reader, website_id)
    if website is None or not principal.may_see(website_id):
        raise AppError(404, "website_not_found", "no such website")
    return website
