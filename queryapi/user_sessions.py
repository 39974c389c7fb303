"""Signed-in browsers: an opaque id in a cookie, its SHA-256 in the table, kept here for seconds."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_urlsafe
from uuid import UUID

import msgspec

from queryapi.database import Pool, Reader, changes, snapshot
from queryapi.fixed import fixed
from queryapi.kept import Kept
from queryapi.user import User
from shared.clock import Clock
from shared.errors import AppError
from shared.settings import Settings
from shared.tokens import UNAUTHORIZED, unauthorized

# A session ends when it has not been used for this long, and in any case when it is that old.
UNUSED_LIFETIME = timedelta(days=7)
SESSION_LIFETIME = timedelta(days=30)
# How exactly it is known when a session was last used: reading writes once in this time.
USE_GRAIN = timedelta(hours=1)
MAX_SESSIONS_PER_USER = 50


@dataclass(frozen=True, kw_only=True)
class UserSession:
    """A browser that is signed in, and whose it is."""

    digest: bytes
    user: User
    signed_in_at: datetime
    last_used_at: datetime

    def is_over(self, now: datetime) -> bool:
        return now - self.signed_in_at >= SESSION_LIFETIME or now - self.last_used_at >= UNUSED_LIFETIME


class UserSessions:
    """Finds, starts and ends sessions."""

    def __init__(self, pool: Pool, settings: Settings, clock: Clock) -> None:
        self._pool = pool
        self._settings = settings
        self._clock = clock
        self._kept = Kept[bytes, UserSession](clock)

    async def find(self, session_id: str) -> UserSession:
        """The session, used now; raises AppError 401 when it is none or over, 503 when it cannot be looked up."""
        digest, now = _digest(session_id), self._clock()
        session = self._kept.get(digest)
        if session is None:
            session = await self._read(digest)
            if session is None:
                raise _signed_out()
            self._kept.put(digest, session, now)
        if session.is_over(now):
            raise _signed_out()
        if now - session.last_used_at >= USE_GRAIN:
            async with changes(self._pool, self._settings) as reader:
                await reader.rows(fixed("writes/user_session_used", {"digest": digest, "now": now}))
            self._kept.forget(digest)
        return session

    async def start(self, reader: Reader, user_id: UUID) -> str:
        """The id of a new session, known to its browser alone; raises AppError 401 when the user may not sign
        in any more."""
        session_id, now = token_urlsafe(32), self._clock()
        values = {"digest": _digest(session_id), "user_id": user_id, "now": now}
        if not await reader.rows(fixed("writes/user_session_create", values)):
            raise _signed_out()
        limits = {
            "user_id": user_id,
            "unused_since": now - UNUSED_LIFETIME,
            "created_since": now - SESSION_LIFETIME,
            "limit": MAX_SESSIONS_PER_USER,
        }
        await reader.rows(fixed("writes/user_sessions_trim", limits))
        return session_id

    async def end(self, reader: Reader, session_id: str) -> None:
        """Sign the browser out, if it was signed in; `forget` it once that is committed."""
        await reader.rows(fixed("writes/user_session_delete", {"digest": _digest(session_id)}))

    async def end_all(self, reader: Reader, user_id: UUID) -> None:
        """Sign the user out everywhere; `forget_user` once that is committed."""
        await reader.rows(fixed("writes/user_sessions_delete", {"user_id": user_id}))

    def forget(self, session_id: str) -> None:
        """Look the session up again at its next use."""
        self._kept.forget(_digest(session_id))

    def forget_user(self, user_id: UUID) -> None:
        """Look the user's sessions up again: what the user may do has changed."""
        self._kept.forget_where(lambda session: session.user.user_id == user_id)

    def forget_website(self, website_id: str) -> None:
        """Look up again the sessions of users who have this website in their list."""
        self._kept.forget_where(lambda session: website_id in (session.user.websites or ()))

    async def _read(self, digest: bytes) -> UserSession | None:
        async with snapshot(self._pool, self._settings) as reader:
            rows = await reader.rows(fixed("reads/user_session", {"digest": digest}))
        if not rows:
            return None
        signed_in_at, last_used_at = rows[0]["signed_in_at"], rows[0]["last_used_at"]
        assert isinstance(signed_in_at, datetime) and isinstance(last_used_at, datetime)
        user = msgspec.convert(rows[0], User)
        return UserSession(digest=digest, user=user, signed_in_at=signed_in_at, last_used_at=last_used_at)


def _digest(session_id: str) -> bytes:
    return sha256(session_id.encode()).digest()


def _signed_out() -> AppError:
    # As if no cookie had been sent: what is public stays readable.
    return unauthorized(UNAUTHORIZED, "session: over, or none; sign in again")
