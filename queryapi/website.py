"""A website as its owner registers it (SPEC N1); null and a missing field mean the same."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias, get_args

from queryapi.fields import Fields, parse_object, refuse
from queryapi.zones import find_zone
from shared.errors import AppError
from shared.networks import MAX_EXCLUDED_NETWORKS, MAX_NETWORK_CHARACTERS, parse_network
from shared.registry import MIN_RETENTION_DAYS, RESERVED_WEBSITE_IDS, Identity

Gpc: TypeAlias = Literal["derive", "drop", "ignore"]
GPC: tuple[Gpc, ...] = get_args(Gpc)
IDENTITIES: tuple[Identity, ...] = get_args(Identity)
WEBSITE_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
MAX_ID_CHARACTERS = 128
MAX_NAME_CHARACTERS = 200
MAX_ZONE_CHARACTERS = 64
MAX_DOMAINS = 100
MAX_DOMAIN_CHARACTERS = 253
MAX_RETENTION_DAYS = 3660
# No session lasts longer.
MAX_ENGAGED_THRESHOLD_SECONDS = 86_400

_FIELDS = frozenset(
    {
        "id", "name", "timezone", "domains", "gpc", "retention_days", "identity", "is_public", "excluded_networks",
        "engaged_threshold_s", "split_on_campaign",
    }
)  # fmt: skip
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
    retention_days: int | None
    identity: Identity
    is_public: bool
    excluded_networks: tuple[str, ...]
    engaged_threshold_s: int | None
    split_on_campaign: bool


@dataclass(frozen=True, kw_only=True)
class RegisteredWebsite:
    """A website in the table."""

    website_id: str
    name: str
    timezone: str
    domains: tuple[str, ...]
    gpc: Gpc
    retention_days: int | None
    identity: Identity
    is_public: bool
    excluded_networks: tuple[str, ...]
    engaged_threshold_s: int | None
    split_on_campaign: bool
    created_at: datetime


def parse_website(body: bytes, installation_days: int) -> tuple[str | None, Traits]:
    """The id that was sent, if one was, and the traits, with defaults for those that were not. Raw events are
    kept for `installation_days` at most. Raises AppError 400 when the body is no JSON, 422 when it is no website."""
    fields = parse_object(body)
    fields.check_known(_FIELDS | _GIVEN)
    traits = Traits(
        name=fields.label("name", MAX_NAME_CHARACTERS),
        timezone=_zone(fields),
        domains=_domains(fields),
        gpc=fields.choice("gpc", GPC) or "derive",
        retention_days=_retention_days(fields, installation_days),
        identity=fields.choice("identity", IDENTITIES) or "given",
        is_public=fields.flag("is_public") or False,
        excluded_networks=_excluded_networks(fields),
        engaged_threshold_s=fields.whole("engaged_threshold_s", 1, MAX_ENGAGED_THRESHOLD_SECONDS),
        split_on_campaign=fields.flag("split_on_campaign") or False,
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
        "retention_days": website.retention_days,
        "identity": website.identity,
        "is_public": website.is_public,
        "excluded_networks": website.excluded_networks,
        "engaged_threshold_s": website.engaged_threshold_s,
        "split_on_campaign": website.split_on_campaign,
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
    domains: list[str] = []
    for index, domain in enumerate(fields.texts("domains", MAX_DOMAINS)):
        if len(domain) > MAX_DOMAIN_CHARACTERS or _DOMAIN.fullmatch(domain.lower()) is None:
            problem = "must be a host such as example.com, other scripts as xn--..."
            raise refuse("invalid_value", f"domains[{index}]", problem)
        domains.append(domain.lower())
    return tuple(dict.fromkeys(domains))


def _retention_days(fields: Fields, installation_days: int) -> int | None:
    days = fields.whole("retention_days", MIN_RETENTION_DAYS, MAX_RETENTION_DAYS)
    if days is not None and days > installation_days:
        problem = f"must be at most the installation's RETENTION_DAYS, {installation_days}"
        raise refuse("invalid_value", "retention_days", problem, low=MIN_RETENTION_DAYS, high=installation_days)
    return days


def _excluded_networks(fields: Fields) -> tuple[str, ...]:
    """In CIDR notation, each once, in the order they were sent."""
    networks: list[str] = []
    for index, text in enumerate(fields.texts("excluded_networks", MAX_EXCLUDED_NETWORKS)):
        try:
            if len(text) > MAX_NETWORK_CHARACTERS:
                raise ValueError(text)
            networks.append(str(parse_network(text)))
        except ValueError as error:
            problem = "must be an address, or a network such as 203.0.113.0/24 without bits of a host"
            raise refuse("invalid_value", f"excluded_networks[{index}]", problem) from error
    return tuple(dict.fromkeys(networks))
