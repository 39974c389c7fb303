"""Cases at the edge of what defines a number, each a website of its own, asked in one database."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from tests.queryapi.rig import Hit, at, refresh, running, settings_for, store

Body = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """Hits, a report and its query, and what is looked at of the answer."""

    hits: Sequence[Hit]
    path: str
    query: str
    told: Callable[[Body], object]
    expected: object


async def told(database: str, cases: Mapping[str, Case], *, is_rolled_up: bool) -> dict[str, object]:
    """What each case's report says of it, or the whole refusal."""
    sites = {name: f"case-{number}" for number, name in enumerate(cases)}
    store(database, [replace(hit, website_id=sites[name]) for name, case in cases.items() for hit in case.hits])
    if is_rolled_up:
        refresh(database)
    found: dict[str, object] = {}
    async with running(settings_for(database)) as api:
        for name, case in cases.items():
            reply = await api.get(f"/api/v1/{case.path.format(sites[name])}", case.query)
            found[name] = case.told(reply.body) if reply.status == 200 else reply.payload
    return found


def expected(cases: Mapping[str, Case]) -> dict[str, object]:
    return {name: case.expected for name, case in cases.items()}


def metric(name: str) -> Callable[[Body], object]:
    return lambda body: body["metrics"][name]


def page(name: str, column: str) -> Callable[[Body], object]:
    return lambda body: next(row for row in body["data"] if row["page"] == name).get(column)


def column(name: str) -> Callable[[Body], object]:
    return lambda body: [row[name] for row in body["data"]]


def filters(*tree: object) -> str:
    return f"filters={quote(json.dumps(tree))}"


def silent(event_type: str, clock: str = "10:05:00", **fields: Any) -> Hit:
    return Hit(at=at(clock), event_type=event_type, page="", **fields)
