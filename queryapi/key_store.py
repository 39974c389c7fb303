"""API keys in their table."""

from datetime import datetime

import msgspec

from queryapi.api_key import KeyRequest, StoredKey
from queryapi.database import Reader
from queryapi.fixed import fixed
from queryapi.rows import whole
from queryapi.stretch import Listed, Stretch
from shared.api_keys import MAX_KEYS_PER_WEBSITE, NewKey
from shared.errors import AppError


async def list_keys(reader: Reader, website_id: str, stretch: Stretch) -> Listed[StoredKey]:
    """The keys of a website, the oldest first."""
    values = {"website_id": website_id, **stretch._asdict()}
    rows = await reader.rows(fixed("reads/key_list", values))
    keys = [msgspec.convert(row, StoredKey) for row in rows if row["key_id"] is not None]
    return Listed(keys, whole(rows[0]["total"]))


async def create_key(reader: Reader, website_id: str, asked: KeyRequest, made: NewKey, now: datetime) -> StoredKey:
    """`made`, stored; raises AppError 409 when the website has as many keys as it may."""
    values = {
        "key_id": made.key_id,
        "website_id": website_id,
        "name": asked.name,
        "digest": made.digest,
        "scopes": sorted(asked.scopes),
        "expires_at": asked.expires_at,
        "now": now,
        "limit": MAX_KEYS_PER_WEBSITE,
    }
    rows = await reader.rows(fixed("writes/key_create", values))
    if not rows:
        limit = MAX_KEYS_PER_WEBSITE
        raise AppError(409, "too_many_keys", f"a website can have {limit} keys", details={"limit": limit})
    return msgspec.convert(rows[0], StoredKey)


async def delete_key(reader: Reader, website_id: str, key_id: str) -> bool:
    """Whether there was one."""
    if not (key_id.isascii() and key_id.isalnum()):
        return False
    return bool(await reader.rows(fixed("writes/key_delete", {"website_id": website_id, "key_id": key_id})))
