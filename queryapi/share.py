"""A share link as its owner asks for it and sees it (SPEC N7)."""

import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from queryapi.fields import Fields, Json, clean, parse_object, refuse
from queryapi.filters import read_filters
from queryapi.moments import expiry_field
from queryapi.query import Condition
from queryapi.user import new_password_field

MAX_SHARE_NAME_CHARACTERS = 200
_FIELDS = frozenset({"name", "password", "filters", "expires_at"})


@dataclass(frozen=True)
class ShareRequest:
    """What a link shall be. `filters` is JSON as it was sent, `conditions` what it means."""

    name: str
    password: str | None
    filters: str
    conditions: tuple[Condition, ...]
    expires_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Share:
    """A link in the table, but for what opens it."""

    share_id: UUID
    website_id: str
    name: str
    signing_key: bytes
    password_hash: str | None
    filters: str
    expires_at: datetime | None
    created_at: datetime

    def is_over(self, now: datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= now


def parse_share(body: bytes, now: datetime) -> ShareRequest:
    """The link asked for in a body; raises AppError 400 when it is no JSON or its filters are none, 422 when no
    such link can be."""
    fields = parse_object(body)
    fields.check_known(_FIELDS)
    filters, conditions = _filters(fields)
    return ShareRequest(
        name=fields.label("name", MAX_SHARE_NAME_CHARACTERS) or "",
        password=None if "password" not in fields.values else new_password_field(fields, "password"),
        filters=filters,
        conditions=conditions,
        expires_at=expiry_field(fields, now),
    )


def share_body(share: Share) -> dict[str, object]:
    """The link as JSON, without what opens it."""
    return {
        "id": str(share.share_id),
        "name": share.name,
        "has_password": share.password_hash is not None,
        "filters": json.loads(share.filters),
        "expires_at": share.expires_at,
        "created_at": share.created_at,
    }


def _filters(fields: Fields) -> tuple[str, tuple[Condition, ...]]:
    """In the grammar of every report, or short: an object of dimensions and their values."""
    sent = fields.values.get("filters", [])
    if isinstance(sent, dict):
        equalities: list[Json] = []
        equalities += [["is", name, values] for name, values in sent.items()]
        sent = equalities
    if not isinstance(sent, list):
        raise refuse("invalid_type", "filters", "must be a list of filters, or an object of values by dimension")
    conditions = read_filters(sent, "filters")
    return clean(json.dumps(sent, ensure_ascii=False)), conditions
