"""Users in their table. Whoever changes one holds the lock of `changing_users` until the commit."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import NamedTuple
from uuid import UUID, uuid4

import msgspec
from psycopg import errors

from queryapi.database import Pool, Reader, changes
from queryapi.fields import refuse
from queryapi.fixed import fixed
from queryapi.rows import whole
from queryapi.stretch import Listed, Stretch
from queryapi.user import User, UserRequest
from shared.errors import AppError
from shared.settings import Settings
from shared.users import MAX_USERS


class Password(NamedTuple):
    """Whose it is, and what is kept of it."""

    user_id: UUID
    kept: str


@asynccontextmanager
async def changing_users(pool: Pool, settings: Settings) -> AsyncGenerator[Reader]:
    """`changes`, one at a time in every process: two owners cannot demote each other at once."""
    async with changes(pool, settings) as reader:
        await reader.rows(fixed("writes/lock_users", {}))
        yield reader


async def list_users(reader: Reader, stretch: Stretch) -> Listed[User]:
    """The users by e-mail address."""
    rows = await reader.rows(fixed("reads/user_list", stretch._asdict()))
    users = [msgspec.convert(row, User) for row in rows if row["user_id"] is not None]
    return Listed(users, whole(rows[0]["total"]))


async def find_user(reader: Reader, user_id: UUID) -> User | None:
    """The user of this id, None when there is none."""
    rows = await reader.rows(fixed("reads/user_by_id", {"user_id": user_id}))
    return msgspec.convert(rows[0], User) if rows else None


async def find_password(reader: Reader, *, email: str | None = None, user_id: UUID | None = None) -> Password | None:
    """The password of whoever has this address or id and may sign in, None when nobody does."""
    rows = await reader.rows(fixed("reads/user_password", {"email": email, "user_id": user_id}))
    if not rows:
        return None
    found, kept = rows[0]["user_id"], rows[0]["password_hash"]
    assert isinstance(found, UUID) and isinstance(kept, str)
    return Password(found, kept)


async def create_user(reader: Reader, asked: UserRequest, kept: str, now: datetime) -> User:
    """The new user; raises AppError 409 when the address is taken or there are too many, 422 on a website that
    is not registered."""
    user_id = uuid4()
    if not await reader.rows(fixed("writes/user_create", {**_columns(user_id, asked, kept, now), "limit": MAX_USERS})):
        raise await _not_created(reader)
    return await _finish(reader, user_id, asked.websites)


async def replace_user(reader: Reader, user_id: UUID, asked: UserRequest, kept: str | None, now: datetime) -> User:
    """The user as asked for; raises AppError 404 when there is none, 409 and 422 as `create_user`, and 409 when
    no owner would be left."""
    had_owner = await _has_owner(reader)
    try:
        rows = await reader.rows(fixed("writes/user_replace", _columns(user_id, asked, kept, now)))
    except errors.UniqueViolation as error:
        raise _email_taken() from error
    if not rows:
        raise no_such_user()
    user = await _finish(reader, user_id, asked.websites)
    await _keep_owner(reader, had_owner=had_owner)
    return user


async def delete_user(reader: Reader, user_id: UUID) -> None:
    """Raises AppError 404 when there is none, 409 when no owner would be left."""
    had_owner = await _has_owner(reader)
    if not await reader.rows(fixed("writes/user_delete", {"user_id": user_id})):
        raise no_such_user()
    await _keep_owner(reader, had_owner=had_owner)


async def set_password(reader: Reader, password: Password, kept: str) -> bool:
    """Whether `kept` stands in the place of `password` now: not when another change came first."""
    values = {"user_id": password.user_id, "before": password.kept, "password_hash": kept}
    return bool(await reader.rows(fixed("writes/user_password", values)))


async def has_user(reader: Reader) -> bool:
    """Whether anybody can sign in."""
    rows = await reader.rows(fixed("reads/has_user", {}))
    return rows[0]["has_user"] is True


def no_such_user() -> AppError:
    return AppError(404, "user_not_found", "no such user")


async def _finish(reader: Reader, user_id: UUID, websites: Sequence[str] | None) -> User:
    values = {"user_id": user_id, "websites": None if websites is None else list(websites)}
    registered = {row["website_id"] for row in await reader.rows(fixed("writes/user_websites", values))}
    for index, website_id in enumerate(websites or ()):
        if website_id not in registered:
            raise refuse("unknown_website", f"websites[{index}]", "no such website")
    user = await find_user(reader, user_id)
    assert user is not None
    return user


async def _has_owner(reader: Reader) -> bool:
    rows = await reader.rows(fixed("reads/has_owner", {}))
    return rows[0]["has_owner"] is True


async def _keep_owner(reader: Reader, *, had_owner: bool) -> None:
    if had_owner and not await _has_owner(reader):
        raise AppError(409, "last_owner", "one user must remain an owner of all websites who can sign in")


async def _not_created(reader: Reader) -> AppError:
    page = await list_users(reader, Stretch(1, 0))
    if page.total >= MAX_USERS:
        return AppError(409, "too_many_users", f"there can be {MAX_USERS} users", details={"limit": MAX_USERS})
    return _email_taken()


def _email_taken() -> AppError:
    return AppError(409, "user_exists", "email: another user has it", details={"field": "email"})


def _columns(user_id: UUID, asked: UserRequest, kept: str | None, now: datetime) -> dict[str, object]:
    return {
        "user_id": user_id,
        "email": asked.email,
        "name": asked.name,
        "password_hash": kept,
        "role": asked.role,
        "websites": None if asked.websites is None else list(asked.websites),
        "is_disabled": asked.is_disabled,
        "now": now,
    }
