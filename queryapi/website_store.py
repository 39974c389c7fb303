"""Websites in their table."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from queryapi.database import Reader
from queryapi.fixed import fixed
from queryapi.rows import Row, whole
from queryapi.stretch import Listed, Stretch
from queryapi.website import RegisteredWebsite, Traits
from shared.errors import AppError


async def list_websites(reader: Reader, visible: Sequence[str] | None, stretch: Stretch) -> Listed[RegisteredWebsite]:
    """The websites of these ids, all for None, by id."""
    values = {"websites": None if visible is None else list(visible), **stretch._asdict()}
    rows = await reader.rows(fixed("reads/website_list", values))
    return Listed([_website(row) for row in rows if row["website_id"] is not None], whole(rows[0]["total"]))


async def create_website(reader: Reader, website_id: str, traits: Traits, now: datetime) -> RegisteredWebsite:
    """The new website; raises AppError 409 when the id is taken."""
    rows = await reader.rows(fixed("writes/website_create", {**_columns(website_id, traits), "now": now}))
    if not rows:
        raise AppError(409, "website_exists", "id: another website has it", details={"field": "id"})
    return _website(rows[0])


async def replace_website(reader: Reader, website_id: str, traits: Traits) -> RegisteredWebsite | None:
    """The website with these traits, None when there is none."""
    rows = await reader.rows(fixed("writes/website_replace", _columns(website_id, traits)))
    return _website(rows[0]) if rows else None


async def delete_website(reader: Reader, website_id: str) -> bool:
    """Whether there was one."""
    return bool(await reader.rows(fixed("writes/website_delete", {"website_id": website_id})))


def _columns(website_id: str, traits: Traits) -> dict[str, object]:
    return {
        "website_id": website_id,
        "name": traits.name or website_id,
        "timezone": traits.timezone,
        "domains": list(traits.domains),
        "gpc": traits.gpc,
        "retention_days": traits.retention_days,
        "identity": traits.identity,
        "is_public": traits.is_public,
        "excluded_networks": list(traits.excluded_networks),
        "engaged_threshold_s": traits.engaged_threshold_s,
        "split_on_campaign": traits.split_on_campaign,
    }


def _website(row: Row) -> RegisteredWebsite:
    return msgspec.convert(row, RegisteredWebsite)
