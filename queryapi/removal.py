"""Removes events that were picked, in transactions short enough for everybody else."""

from datetime import timedelta
from uuid import UUID

from queryapi.database import changes, snapshot
from queryapi.dead_letters import forget_dead_letters
from queryapi.endpoint import Services
from queryapi.fixed import fixed
from queryapi.rows import whole
from shared.hashes import digest64

# Events in one transaction: about a second on two cores.
MOST_AT_ONCE = 10_000
# Events of one visitor picked at a time; more are picked again.
MOST_OF_A_VISITOR = 100_000
_HOUR = timedelta(hours=1)


async def remove_picked(services: Services, removal_id: UUID) -> None:
    """Remove what was picked under the id, and have what counted it counted again. Raises AppError 503; what was
    removed by then stays so."""
    while True:
        async with changes(services.pool, services.settings) as reader:
            rows = await reader.rows(fixed("writes/remove_picked", {"removal_id": removal_id, "most": MOST_AT_ONCE}))
        if not whole(rows[0]["events"]):
            return


async def erase_visitor(services: Services, website_id: str, visitor_id: str, removal_id: UUID) -> dict[str, int]:
    """Remove everything that is stored of the visitor id: events, what was rolled up of those that retention has
    dropped, dead letters; how much of each. Raises AppError 503; asked again it goes on."""
    values = {
        "website_id": website_id,
        "visitor_id": visitor_id,
        "visitor_hash": digest64(website_id, visitor_id),
        "removal_id": removal_id,
        "limit": MOST_OF_A_VISITOR,
    }
    events = 0
    while True:
        async with changes(services.pool, services.settings) as reader:
            await reader.rows(fixed("writes/clear_removals", {}))
            picked = whole((await reader.rows(fixed("writes/pick_visitor", values)))[0]["events"])
        if not picked:
            break
        await remove_picked(services, removal_id)
        events += picked
    async with changes(services.pool, services.settings) as reader:
        rolled_up = whole((await reader.rows(fixed("writes/forget_visitor", values)))[0]["rows"])
    letters = await forget_dead_letters(services, website_id, visitor_id)
    return {"events": events, "rolled_up_rows": rolled_up, "dead_letters": letters}


async def remove_website_events(services: Services, website_id: str) -> int:
    """Remove all events of a website, its rollups and dead letters; how many events. Raises AppError 503; asked
    again it goes on."""
    async with snapshot(services.pool, services.settings) as reader:
        hours = [row["hour"] for row in await reader.rows(fixed("reads/hours_of_website", {"website_id": website_id}))]
    events = 0
    for hour in hours:
        values = {"website_id": website_id, "since": hour, "step": _HOUR}
        async with changes(services.pool, services.settings) as reader:
            events += whole((await reader.rows(fixed("writes/remove_between", values)))[0]["events"])
    async with changes(services.pool, services.settings) as reader:
        await reader.rows(fixed("writes/forget_website", {"website_id": website_id}))
        await reader.rows(fixed("writes/dead_letters_of_website", {"website_id": website_id}))
    return events
