"""Bearer tokens: made by the CLI, checked by both HTTP services (SPEC R63, RELIABILITY 6.1)."""

import re
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

import jwt
import msgspec

from shared.clock import Clock
from shared.errors import AppError
from shared.settings import SettingError, Settings

# The scopes a role carries; `ingest:import` may also set any past time and the visitor's address.
ROLE_SCOPES = {
    "viewer": frozenset({"stats:read"}),
    "editor": frozenset({"stats:read", "events:read", "funnels:write"}),
    "owner": frozenset({"stats:read", "events:read", "funnels:write", "ingest", "ingest:import", "manage", "metrics"}),
}
MAX_TOKEN_BYTES = 8192
# What tokens and keys are written in; decoders of base64 pass over more, and one token would have many texts.
_TOKEN = re.compile(rf"[A-Za-z0-9_.-]{{1,{MAX_TOKEN_BYTES}}}")
MAX_LIFETIME = timedelta(hours=24)
LEEWAY = timedelta(seconds=30)
MIN_SECRET_BYTES = 32
# The code of a 401 where no credentials were shown.
UNAUTHORIZED = "unauthorized"
# A secret of fewer distinct characters than this is a word, not a key.
MIN_SECRET_VARIETY = 10


@dataclass(frozen=True, kw_only=True)
class Principal:
    """Who a valid token speaks for. `websites` is None for every website. `is_share` is whoever has a share link:
    they see reports alone, and of these what meets `forced_filters`, a JSON list."""

    subject: str
    scopes: frozenset[str]
    websites: frozenset[str] | None
    is_share: bool = False
    forced_filters: str = "[]"

    def may_see(self, website_id: str) -> bool:
        return self.websites is None or website_id in self.websites


class TokenVerifier:
    """Checks tokens against one pinned algorithm and key; the token's header chooses nothing."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._key = _public_key(settings) if settings.jwt_public_key else checked_secret(settings.jwt_secret)
        self._algorithm = "RS256" if settings.jwt_public_key else "HS256"
        self._issuer = settings.jwt_issuer
        self._audience = settings.jwt_audience
        self._clock = clock

    def verify(self, authorization: str | None) -> Principal:
        """The principal of an `Authorization` header; raises AppError 401, or 403 when the token
        is genuine but names no websites or no known role."""
        token = bearer_token(authorization)
        try:
            header = jwt.get_unverified_header(token)
            if header.get("typ", "JWT") != "JWT" or "crit" in header or "zip" in header:
                raise unauthorized("invalid_token", "token: unsupported header")
            # Our own tokens name no key; an identity provider's may, and its one key is configured.
            if "kid" in header and self._algorithm == "HS256":
                raise unauthorized("invalid_token", "token: unknown kid")
            claims = jwt.decode(
                token,
                self._key,
                algorithms=[self._algorithm],
                audience=self._audience,
                issuer=self._issuer,
                leeway=LEEWAY,
                options={
                    "require": ["exp", "iat", "sub", "aud", "iss"],
                    "verify_exp": False,
                    "verify_iat": False,
                    "strict_aud": True,
                },
            )
        except (jwt.PyJWTError, ValueError, RecursionError) as error:
            raise unauthorized("invalid_token", "token: not valid") from error
        self._check_times(claims["iat"], claims["exp"])
        return _principal(claims)

    def _check_times(self, issued: object, expires: object) -> None:
        # Checked here, not by the library, against our clock; bool is an int in Python, not in JSON.
        if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in (issued, expires)):
            raise unauthorized("invalid_token", "token: exp and iat must be numbers")
        assert isinstance(issued, int | float) and isinstance(expires, int | float)
        now = self._clock().timestamp()
        # Nothing is reckoned with a number that has not been held against another one: floats hold not every
        # whole number of JSON. NaN passes no comparison.
        if not 0 <= issued <= now + LEEWAY.total_seconds():
            raise unauthorized("invalid_token", "token: iat lies in the future, or before 1970")
        if not expires <= issued + MAX_LIFETIME.total_seconds():
            raise unauthorized("lifetime_too_long", "token: exp - iat must be at most 24 hours")
        if not now - LEEWAY.total_seconds() < expires:
            raise unauthorized("token_expired", "token: expired")


def make_token(settings: Settings, clock: Clock, *, role: str, websites: tuple[str, ...] | None) -> str:
    """A token of 24 hours signed with JWT_SECRET; `websites` None means all of them."""
    issued = int(clock().timestamp())
    claims = {
        "iss": settings.jwt_issuer,
        "aud": settings.jwt_audience,
        "sub": "cli",
        "jti": uuid4().hex,
        "iat": issued,
        "exp": issued + int(MAX_LIFETIME.total_seconds()),
        "role": role,
        "websites": "*" if websites is None else list(websites),
    }
    return jwt.encode(claims, checked_secret(settings.jwt_secret), algorithm="HS256")


def checked_secret(secret: str) -> str:
    """`secret` if it is fit to sign with; raises SettingError otherwise."""
    if len(secret.encode()) < MIN_SECRET_BYTES or len(set(secret)) < MIN_SECRET_VARIETY:
        raise SettingError(f"JWT_SECRET: must be at least {MIN_SECRET_BYTES} random bytes")
    return secret


def _public_key(settings: Settings) -> str:
    """JWT_PUBLIC_KEY if it is a PEM public key and the only key; raises SettingError otherwise."""
    if settings.jwt_secret:
        raise SettingError("JWT_PUBLIC_KEY: excludes JWT_SECRET; set one of them")
    try:
        jwt.get_algorithm_by_name("RS256").prepare_key(settings.jwt_public_key)
    except (jwt.PyJWTError, ValueError) as error:
        raise SettingError("JWT_PUBLIC_KEY: must be the PEM of an RSA public key") from error
    return settings.jwt_public_key


def bearer_token(authorization: str | None) -> str:
    """What stands after `Bearer` in an `Authorization` header; raises AppError 401."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or _TOKEN.fullmatch(token) is None:
        raise no_token()
    return token


def no_token() -> AppError:
    """The 401 of who shows nothing."""
    return unauthorized(UNAUTHORIZED, "Authorization: a bearer token is required")


def unauthorized(code: str, message: str) -> AppError:
    """A 401 that says how to authenticate."""
    return AppError(401, code, message, headers={"WWW-Authenticate": "Bearer"})


def _principal(claims: dict[str, object]) -> Principal:
    subject, role, websites = claims["sub"], claims.get("role"), claims.get("websites")
    if not isinstance(subject, str) or not subject:
        raise unauthorized("invalid_token", "token: sub must be text")
    if not isinstance(role, str) or role not in ROLE_SCOPES:
        raise AppError(403, "forbidden", f"token: role must be one of {', '.join(ROLE_SCOPES)}")
    if websites == "*":
        return Principal(subject=subject, scopes=ROLE_SCOPES[role], websites=None)
    try:
        listed = frozenset(msgspec.convert(websites, list[str]))
    except msgspec.ValidationError as error:
        raise AppError(403, "forbidden", 'token: websites must be a list of ids, or "*"') from error
    return Principal(subject=subject, scopes=ROLE_SCOPES[role], websites=listed)
