"""A user as an owner makes one and sees one, and as somebody who signs in."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias, get_args
from uuid import UUID

from queryapi.fields import Fields, parse_object, refuse
from queryapi.website import MAX_ID_CHARACTERS, WEBSITE_ID
from shared.passwords import MAX_PASSWORD_BYTES, check_password
from shared.tokens import ROLE_SCOPES, Principal
from shared.users import MAX_EMAIL_CHARACTERS, MAX_USER_NAME_CHARACTERS, normal_email

Role: TypeAlias = Literal["viewer", "editor", "owner"]
ROLES: tuple[Role, ...] = get_args(Role)
MAX_USER_WEBSITES = 1000

_FIELDS = frozenset({"email", "name", "role", "websites", "disabled", "password"})
# What we give and a client may send back: known, and ignored.
_GIVEN = frozenset({"id", "created_at"})


@dataclass(frozen=True, kw_only=True)
class User:
    """A user in the table. `websites` is None for every website."""

    user_id: UUID
    email: str
    name: str
    role: Role
    websites: tuple[str, ...] | None
    is_disabled: bool
    created_at: datetime

    @property
    def principal(self) -> Principal:
        websites = None if self.websites is None else frozenset(self.websites)
        return Principal(subject=f"user:{self.user_id}", scopes=ROLE_SCOPES[self.role], websites=websites)


@dataclass(frozen=True, kw_only=True)
class UserRequest:
    """What a user shall be; `password` is None where it stays, or is to be made."""

    email: str
    name: str
    role: Role
    websites: tuple[str, ...] | None
    is_disabled: bool
    password: str | None


def parse_user(body: bytes) -> UserRequest:
    """The user in a body; raises AppError 400 when it is no JSON, 422 when it is no user."""
    fields = parse_object(body)
    fields.check_known(_FIELDS | _GIVEN)
    role = fields.choice("role", ROLES)
    if role is None:
        raise refuse("missing_field", "role", "is required")
    return UserRequest(
        email=email_field(fields),
        name=fields.label("name", MAX_USER_NAME_CHARACTERS) or "",
        role=role,
        websites=_websites(fields),
        is_disabled=_is_disabled(fields),
        password=None if "password" not in fields.values else new_password_field(fields, "password"),
    )


def user_body(user: User) -> dict[str, object]:
    """The user as JSON; what this gives can be sent back."""
    return {**whoami_body(user), "disabled": user.is_disabled, "created_at": user.created_at}


def whoami_body(user: User) -> dict[str, object]:
    """The user as told to the user."""
    return {
        "id": str(user.user_id),
        "email": user.email,
        "name": user.name,
        "role": user.role,
        "websites": user.websites,
    }


def email_field(fields: Fields) -> str:
    """The address in `email`, as it is kept; raises AppError 422."""
    fields.require("email")
    normal = normal_email(fields.text("email", MAX_EMAIL_CHARACTERS) or "")
    if normal is None:
        raise refuse("invalid_value", "email", "must be an address such as ada@example.com")
    return normal


def password_field(fields: Fields, name: str) -> str:
    """A password to be checked; raises AppError 422 when none can be like it."""
    fields.require(name)
    password = fields.text(name, MAX_PASSWORD_BYTES) or ""
    if len(password.encode()) > MAX_PASSWORD_BYTES:
        raise refuse("too_long", name, f"longer than {MAX_PASSWORD_BYTES} bytes", limit=MAX_PASSWORD_BYTES)
    return password


def new_password_field(fields: Fields, name: str) -> str:
    """A password that somebody chose; raises AppError 422 when it is too short or too long."""
    password = password_field(fields, name)
    problem = check_password(password)
    if problem is not None:
        raise refuse("invalid_value", name, problem)
    return password


def _websites(fields: Fields) -> tuple[str, ...] | None:
    sent = fields.values.get("websites")
    if sent is None:
        return None
    if not isinstance(sent, list):
        raise refuse("invalid_type", "websites", "must be a list of ids, or null for all")
    if len(sent) > MAX_USER_WEBSITES:
        raise refuse("invalid_value", "websites", f"more than {MAX_USER_WEBSITES}", limit=MAX_USER_WEBSITES)
    listed: list[str] = []
    for index, website_id in enumerate(sent):
        if not isinstance(website_id, str) or WEBSITE_ID.fullmatch(website_id) is None:
            problem = f"must be 1 to {MAX_ID_CHARACTERS} of A-Z a-z 0-9 . _ : -"
            raise refuse("invalid_value", f"websites[{index}]", problem)
        listed.append(website_id)
    return tuple(dict.fromkeys(listed))


def _is_disabled(fields: Fields) -> bool:
    value = fields.values.get("disabled", False)
    if not isinstance(value, bool):
        raise refuse("invalid_type", "disabled", "must be true or false")
    return value
