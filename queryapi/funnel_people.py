"""Who counts as one person in a funnel (SPEC R74)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from msgspec import convert
from psycopg import sql

from queryapi.buckets import grain_ceiling, grain_floor
from queryapi.conditions import Values
from queryapi.database import Reader
from queryapi.funnel import Scope
from queryapi.predicates import sample
from queryapi.query import Query
from queryapi.rows import whole
from queryapi.statement import Statement
from sql.statements import read


@dataclass(frozen=True)
class People:
    """What makes a person: a session, or a visitor with every other id in `person_of`."""

    scope: Scope
    person_of: Mapping[int, int]


async def find_people(reader: Reader, scope: Scope, query: Query, until: datetime) -> People:
    """The people of a range that goes on to `until`. Visitor ids are one person's when a session, seen in the
    quarters of an hour that the range touches, has events of both; of a sample, when both are in it."""
    if scope == "session":
        return People(scope, {})
    values = Values()
    text = sql.SQL(read("reads/funnel_links")).format(
        website_id=values.bind(query.website_id),
        since=values.bind(grain_floor(query.range.since)),
        until=values.bind(grain_ceiling(until)),
        sample=sample(query, values),
    )
    rows = await reader.rows(Statement(text, values.bound))
    sightings = ((whole(row["session_hash"]), convert(row["visitors"], list[int])) for row in rows)
    return People(scope, join_ids((session, visitor) for session, visitors in sightings for visitor in visitors))


def join_ids(sightings: Iterable[tuple[int, int]]) -> dict[int, int]:
    """For each visitor of (session, visitor) pairs, the visitor who stands for the whole person: the same
    for all visitors that a run of shared sessions connects."""
    parent: dict[int, int] = {}

    def root(visitor: int) -> int:
        while parent[visitor] != visitor:
            parent[visitor] = parent[parent[visitor]]
            visitor = parent[visitor]
        return visitor

    first_of: dict[int, int] = {}
    for session, visitor in sightings:
        parent.setdefault(visitor, visitor)
        parent[root(visitor)] = root(first_of.setdefault(session, visitor))
    return {visitor: root(visitor) for visitor in parent}


def person(people: People) -> sql.Composable:
    """The person of a row that has `visitor_hash` and `session_hash`, joined with `linked`."""
    if people.scope == "session":
        return sql.Identifier("session_hash")
    return sql.SQL("coalesce(person, visitor_hash)") if people.person_of else sql.Identifier("visitor_hash")


def linked(people: People, values: Values) -> sql.Composable:
    """The join that `person` needs; nothing where nobody has two ids."""
    if not people.person_of:
        return sql.SQL("")
    return sql.SQL(
        "LEFT JOIN unnest({}::bigint[], {}::bigint[]) AS linked (visitor_hash, person) USING (visitor_hash)"
    ).format(values.bind(list(people.person_of)), values.bind(list(people.person_of.values())))
