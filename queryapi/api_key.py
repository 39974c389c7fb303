"""An API key as its owner asks for it and sees it (SPEC N2)."""

from dataclasses import dataclass
from datetime import datetime

from queryapi.fields import Fields, parse_object, refuse
from queryapi.moments import expiry_field
from shared.api_keys import KEY_SCOPES, MAX_KEY_NAME_CHARACTERS, check_key_scopes

_FIELDS = frozenset({"name", "scopes", "expires_at"})


@dataclass(frozen=True)
class KeyRequest:
    """What a key shall be; `expires_at` is None for one that holds until it is revoked."""

    name: str
    scopes: frozenset[str]
    expires_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class StoredKey:
    """What is told of a key. `last_used_at` is known to the minute."""

    key_id: str
    website_id: str
    name: str
    scopes: frozenset[str]
    expires_at: datetime | None
    created_at: datetime
    last_used_at: datetime | None


def parse_key_request(body: bytes, now: datetime) -> KeyRequest:
    """The key asked for in a body; raises AppError 400 when it is no JSON, 422 when no such key can be."""
    fields = parse_object(body)
    fields.check_known(_FIELDS)
    return KeyRequest(fields.label("name", MAX_KEY_NAME_CHARACTERS) or "", _scopes(fields), expiry_field(fields, now))


def key_body(key: StoredKey) -> dict[str, object]:
    """The key as JSON, without what opens anything."""
    return {
        "id": key.key_id,
        "website_id": key.website_id,
        "name": key.name,
        "scopes": [scope for scope in KEY_SCOPES if scope in key.scopes],
        "expires_at": key.expires_at,
        "created_at": key.created_at,
        "last_used_at": key.last_used_at,
    }


def _scopes(fields: Fields) -> frozenset[str]:
    sent = fields.require("scopes")
    if not isinstance(sent, list):
        raise refuse("invalid_type", "scopes", "must be a list")
    scopes = frozenset(scope for scope in sent if isinstance(scope, str))
    problem = check_key_scopes(scopes)
    if problem is not None or len(scopes) != len(sent):
        raise refuse("invalid_value", "scopes", problem or "each must be text, given once")
    return scopes
