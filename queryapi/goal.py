"""What a website wants its visitors to do. A goal is met as a step of a funnel is (SPEC R73)."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from psycopg.types.json import Jsonb

from queryapi.database import Reader
from queryapi.fields import parse_object
from queryapi.fixed import fixed
from queryapi.funnel import Step
from queryapi.funnel_definition import parse_step
from queryapi.named import Kind

_FIELDS = frozenset({"id", "name", "page", "event_type", "properties"})


def parse_goal(body: bytes, goal_id: UUID) -> Step:
    """The goal in a body; an id in it is ignored. Raises AppError 400 when it is no JSON, 422 when it is no goal."""
    fields = parse_object(body)
    fields.check_known(_FIELDS)
    return msgspec.structs.replace(parse_step(fields, keep_ids=False), id=goal_id)


def goal_body(goal: Step) -> dict[str, object]:
    """The goal as JSON; what this gives can be sent back."""
    return {
        "id": str(goal.id),
        "name": goal.name,
        "page": goal.page,
        "event_type": goal.event_type,
        "properties": goal.properties,
    }


async def list_goals(reader: Reader, website_id: str) -> Sequence[Step]:
    """The goals of a website by name."""
    rows = await reader.rows(fixed("reads/goal_list", {"website_id": website_id}))
    return [msgspec.convert(row, Step) for row in rows]


def _columns(goal: Step) -> dict[str, object]:
    return {
        "name": goal.name,
        "page": goal.page,
        "event_type": goal.event_type,
        "properties": Jsonb(goal.properties),
    }


GOAL = Kind(word="goal", most=100, parse=parse_goal, body=goal_body, columns=_columns, list_all=list_goals)
