"""Removes the events of a range that meet filters, or says how many they are (SPEC N6)."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from psycopg import sql

from queryapi.conditions import Values, activity_conditions
from queryapi.database import Reader
from queryapi.fields import Fields, parse_object, refuse
from queryapi.filters import read_filters
from queryapi.params import Params
from queryapi.query import Condition, Query
from queryapi.ranges import ends_range
from queryapi.rows import whole
from queryapi.statement import Statement
from queryapi.zones import find_zone
from shared.clock import Clock
from shared.registry import Website
from sql.statements import read

# Picked at once, in a second or two; who has more to remove takes shorter ranges.
MAX_PURGED_EVENTS = 1_000_000
MAX_END_CHARACTERS = 64
_FIELDS = frozenset({"from", "to", "filters", "dry_run"})


@dataclass(frozen=True, kw_only=True)
class PurgeRequest:
    """What to remove: the ends of the range as they were sent, and filters that must all be met."""

    ends: Mapping[str, tuple[str, ...]]
    filters: tuple[Condition, ...]
    is_dry_run: bool


def parse_purge(body: bytes) -> PurgeRequest:
    """The request; what does not say `"dry_run": false` removes nothing. Raises AppError 400 or 422."""
    fields = parse_object(body)
    fields.check_known(_FIELDS)
    return PurgeRequest(
        ends={name: (_end(fields, name),) for name in ("from", "to")},
        filters=read_filters(fields.values.get("filters", []), "filters"),
        is_dry_run=fields.flag("dry_run") is not False,
    )


def purge_query(asked: PurgeRequest, website: Website, clock: Clock) -> Query:
    """The population to remove, robots included, in the website's zone; raises AppError 400."""
    return Query(
        website_id=website.website_id,
        range=ends_range(Params(asked.ends), "from", "to", find_zone(website.timezone)),
        metrics=(),
        filters=asked.filters,
        include_bots=True,
        as_of=clock(),
    )


async def pick_events(reader: Reader, query: Query, removal_id: UUID | None) -> dict[str, int]:
    """How many events, sessions and visitors the query is about; picked under the id where there is one. Raises
    AppError 422 when they are too many."""
    values = Values()
    statement = sql.SQL(read("writes/pick_events")).format(
        website_id=values.bind(query.website_id),
        since=values.bind(query.range.since),
        until=values.bind(query.range.until),
        conditions=activity_conditions(query, values),
        limit=values.bind(MAX_PURGED_EVENTS + 1),
        removal_id=values.bind(removal_id),
        is_picked=values.bind(removal_id is not None),
    )
    row = (await reader.rows(Statement(statement, values.bound)))[0]
    counts = {name: whole(row[name]) for name in ("events", "sessions", "visitors")}
    if counts["events"] > MAX_PURGED_EVENTS:
        limit = MAX_PURGED_EVENTS
        raise refuse("too_many_events", "from", f"the range has more than {limit} such events", limit=limit)
    return counts


def _end(fields: Fields, name: str) -> str:
    fields.require(name)
    return fields.text(name, MAX_END_CHARACTERS) or ""
