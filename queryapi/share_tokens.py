"""The read tokens of share links: 15 minutes, one website, reports alone (SPEC N7, RELIABILITY 6.1).

`st_` and a JWT whose key is made of the installation's secret, for this purpose alone, and of the link's own:
no other token is signed so, and a link that is revoked takes its tokens with it.
"""

import hmac
from datetime import timedelta
from hashlib import sha256
from uuid import UUID

import jwt
import msgspec

from queryapi.database import Pool, snapshot
from queryapi.derived_key import derived_key
from queryapi.fixed import fixed
from queryapi.kept import Kept
from queryapi.share import Share
from shared.clock import Clock
from shared.errors import AppError
from shared.settings import Settings
from shared.tokens import Principal, unauthorized

SHARE_PREFIX = "st_"
TOKEN_LIFETIME = timedelta(minutes=15)
_TYPE = "share+jwt"
_AUDIENCE = "share"
_SCOPES = frozenset({"stats:read"})


class ShareTokens:
    """Makes and checks read tokens, against links looked up lately."""

    def __init__(self, pool: Pool, settings: Settings, clock: Clock) -> None:
        self._pool = pool
        self._settings = settings
        self._clock = clock
        self._key = derived_key(settings, b"share")
        self._kept = Kept[UUID, Share](clock)

    def make(self, share: Share) -> str:
        """A read token of the link."""
        now = self._clock()
        claims = {
            "aud": _AUDIENCE,
            "sub": str(share.share_id),
            "iat": int(now.timestamp()),
            "exp": int((now + TOKEN_LIFETIME).timestamp()),
        }
        return SHARE_PREFIX + jwt.encode(claims, self._signing_key(share), algorithm="HS256", headers={"typ": _TYPE})

    async def principal(self, token: str) -> Principal:
        """Whom a token speaks for; raises AppError 401, 503 where the link cannot be looked up."""
        text = token.removeprefix(SHARE_PREFIX)
        share = await self._find(_subject(text))
        now = self._clock()
        if share is None or share.is_over(now):
            raise _not_valid()
        try:
            claims = jwt.decode(
                text,
                self._signing_key(share),
                algorithms=["HS256"],
                audience=_AUDIENCE,
                options={
                    "require": ["exp", "iat", "sub", "aud"],
                    "verify_exp": False,
                    "verify_iat": False,
                    "strict_aud": True,
                },
            )
        except (jwt.PyJWTError, ValueError) as error:
            raise _not_valid() from error
        expires = claims["exp"]
        # Against our clock, as everywhere.
        if not isinstance(expires, int) or expires <= now.timestamp():
            raise unauthorized("token_expired", "token: expired; ask for another one with the link")
        return Principal(
            subject=f"share:{share.share_id}",
            scopes=_SCOPES,
            websites=frozenset({share.website_id}),
            is_share=True,
            forced_filters=share.filters,
        )

    def forget(self, share_id: UUID) -> None:
        """Look the link up again at its next use."""
        self._kept.forget(share_id)

    def forget_website(self, website_id: str) -> None:
        """Look the website's links up again at their next use."""
        self._kept.forget_where(lambda share: share.website_id == website_id)

    async def _find(self, share_id: UUID) -> Share | None:
        now = self._clock()
        share = self._kept.get(share_id)
        if share is None:
            async with snapshot(self._pool, self._settings) as reader:
                rows = await reader.rows(fixed("reads/share", {"digest": None, "share_id": share_id}))
            if not rows:
                return None
            share = msgspec.convert(rows[0], Share)
            self._kept.put(share_id, share, now)
        return share

    def _signing_key(self, share: Share) -> bytes:
        return hmac.digest(self._key, share.signing_key, "sha256")


def link_digest(token: str) -> bytes:
    """What is kept of the token in a link."""
    return sha256(token.encode()).digest()


def _subject(text: str) -> UUID:
    """The id of the link, not yet to be believed."""
    try:
        header = jwt.get_unverified_header(text)
        if header.get("typ") != _TYPE or "crit" in header or "kid" in header:
            raise _not_valid()
        claims = jwt.decode(text, options={"verify_signature": False})
        return UUID(claims["sub"])
    except (jwt.PyJWTError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _not_valid() from error


def _not_valid() -> AppError:
    return unauthorized("invalid_token", "token: not valid")
