"""A website as its owner registers it (SPEC N1); null and a missing field mean the same."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias, get_args

from queryapi.fields import Fields, parse_object, refuse
from queryapi.zones import find_zone
from shared.errors import AppError
from shared.registry import RESERVED_WEBSITE_IDS

Gpc: TypeAlias = Literal["derive", "drop", "ignore"]
GPC: tuple[Gpc, ...] = get_args(Gpc)
WEBSITE_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
MAX_ID_CHARACTERS = 128
MAX_NAME_CHARACTERS = 200
MAX_ZONE_CHARACTERS = 64
MAX_DOMAINS = 100
MAX_DOMAIN_CHARACTERS = 253

_FIELDS = frozenset({"id", "name", "timezone", "domains", "gpc"})
# What we give and a client may send back: known, and ignored.
_GIVEN = frozenset({"created_at"})
_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_DOMAIN = re.compile(rf"{_LABEL}(\.{_LABEL})*")


@dataclass(frozen=True, kw_only=True)
class Traits:
    """Everything that may be changed of a website; `name` is None where it goes by its id."""

    name: str | None
    timezone: str
    domains: tuple[str, ...]
    gpc: Gpc


@dataclass(frozen=True, kw_only=True)
class RegisteredWebsite:
    """A website in the table."""

    website_id: str
    name: str
    timezone: str
    domains: tuple[str, ...]
    gpc: Gpc
    created_at: datetime


def parse_website(body: bytes) -> tuple[str | None, Traits]:
    """The id that was sent, if one was, and the traits, with defaults for those that were not. Raises
    AppError 400 when the body is no JSON, 422 when it is no website."""
    fields = parse_object(body)
    fields.check_known(_FIELDS | _GIVEN)
    traits = Traits(
        name=fields.label("name", MAX_NAME_CHARACTERS),
        timezone=_zone(fields),
        domains=_domains(fields),
        gpc=fields.choice("gpc", GPC) or "derive",
    )
    return fields.text("id", MAX_ID_CHARACTERS), traits


def check_new_id(website_id: str | None) -> str:
    """An id that a website may be registered under; raises AppError 422."""
    if website_id is None:
        raise refuse("missing_field", "id", "is required")
    if WEBSITE_ID.fullmatch(website_id) is None:
        raise refuse("invalid_value", "id", f"must be 1 to {MAX_ID_CHARACTERS} of A-Z a-z 0-9 . _ : -")
    if website_id in RESERVED_WEBSITE_IDS:
        raise refuse("reserved_id", "id", f"must not be one of {', '.join(sorted(RESERVED_WEBSITE_IDS))}")
    return website_id


def website_body(website: RegisteredWebsite) -> dict[str, object]:
    """The website as JSON; what this gives can be sent back."""
    return {
        "id": website.website_id,
        "name": website.name,
        "timezone": website.timezone,
        "domains": website.domains,
        "gpc": website.gpc,
        "created_at": website.created_at,
    }


def _zone(fields: Fields) -> str:
    name = fields.text("timezone", MAX_ZONE_CHARACTERS)
    try:
        return find_zone("UTC" if name is None else name).key
    except AppError as error:
        raise refuse("invalid_timezone", "timezone", "must be an IANA name such as Europe/Berlin") from error


def _domains(fields: Fields) -> tuple[str, ...]:
    """In lower case, each once, in the order they were sent."""
    sent = fields.values.get("domains")
    if sent is None:
        return ()
    if not isinstance(sent, list):
        raise refuse("invalid_type", "domains", "must be a list")
    if len(sent) > MAX_DOMAINS:
        raise refuse("invalid_value", "domains", f"more than {MAX_DOMAINS}", limit=MAX_DOMAINS)
    domains: list[str] = []
    for index, domain in enumerate(sent):
        field = f"domains[{index}]"
        if not isinstance(domain, str):
            raise refuse("invalid_type", field, "must be text")
        if len(domain) > MAX_DOMAIN_CHARACTERS or _DOMAIN.fullmatch(domain.lower()) is None:
            raise refuse("invalid_value", field, "must be a host such as example.com, other scripts as xn--...")
        domains.append(domain.lower())
    return tuple(dict.fromkeys(domains))
