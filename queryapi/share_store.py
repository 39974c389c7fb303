"""Share links in their table."""

from datetime import datetime
from secrets import token_bytes
from typing import NamedTuple
from uuid import UUID, uuid4

import msgspec

from queryapi.database import Reader
from queryapi.fixed import fixed
from queryapi.rows import whole
from queryapi.share import Share, ShareRequest
from queryapi.stretch import Listed, Stretch
from shared.errors import AppError

MAX_SHARES_PER_WEBSITE = 100


class Secrets(NamedTuple):
    """What is kept of the token and the password of a link."""

    digest: bytes
    password_hash: str | None


async def list_shares(reader: Reader, website_id: str, stretch: Stretch) -> Listed[Share]:
    """The links of a website, the oldest first."""
    rows = await reader.rows(fixed("reads/share_list", {"website_id": website_id, **stretch._asdict()}))
    shares = [msgspec.convert(row, Share) for row in rows if row["share_id"] is not None]
    return Listed(shares, whole(rows[0]["total"]))


async def find_share(reader: Reader, digest: bytes) -> Share | None:
    """The link of this token, None when there is none."""
    rows = await reader.rows(fixed("reads/share", {"digest": digest, "share_id": None}))
    return msgspec.convert(rows[0], Share) if rows else None


async def create_share(reader: Reader, website_id: str, asked: ShareRequest, secrets: Secrets, now: datetime) -> Share:
    """The new link; raises AppError 409 when the website has as many as it may."""
    values = {
        "share_id": uuid4(),
        "website_id": website_id,
        "name": asked.name,
        "digest": secrets.digest,
        "signing_key": token_bytes(32),
        "password_hash": secrets.password_hash,
        "filters": asked.filters,
        "expires_at": asked.expires_at,
        "now": now,
        "limit": MAX_SHARES_PER_WEBSITE,
    }
    rows = await reader.rows(fixed("writes/share_create", values))
    if not rows:
        limit = MAX_SHARES_PER_WEBSITE
        raise AppError(409, "too_many_shares", f"a website can have {limit} share links", details={"limit": limit})
    return msgspec.convert(rows[0], Share)


async def delete_share(reader: Reader, website_id: str, share_id: UUID) -> bool:
    """Whether there was one."""
    return bool(await reader.rows(fixed("writes/share_delete", {"website_id": website_id, "share_id": share_id})))
