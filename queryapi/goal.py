"""What a website wants its visitors to do. A goal is met as a step of a funnel is (SPEC R73)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from psycopg import errors
from psycopg.types.json import Jsonb

from queryapi.database import Reader
from queryapi.fields import parse_object
from queryapi.fixed import fixed
from queryapi.funnel import Step
from queryapi.funnel_definition import parse_step
from shared.errors import AppError

MAX_GOALS = 100
_FIELDS = frozenset({"id", "name", "page", "event_type", "properties"})


def parse_goal(body: bytes) -> Step:
    """The goal in a request's body, under a new id; raises AppError 400 when it is no JSON, 422 when it is no goal."""
    fields = parse_object(body)
    fields.check_known(_FIELDS)
    return parse_step(fields, keep_ids=False)


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


async def create_goal(reader: Reader, website_id: str, goal: Step, now: datetime) -> None:
    """Raises AppError 409 when the name is taken, or the website has as many as it may."""
    values = {**_columns(website_id, goal), "now": now, "limit": MAX_GOALS}
    try:
        created = await reader.rows(fixed("writes/goal_create", values))
    except errors.UniqueViolation as error:
        raise _name_taken() from error
    if not created:
        raise AppError(409, "too_many_goals", f"a website can have {MAX_GOALS} goals", details={"limit": MAX_GOALS})


async def replace_goal(reader: Reader, website_id: str, goal: Step) -> None:
    """Raises AppError 404 when there is no such goal, 409 when the name is taken."""
    try:
        replaced = await reader.rows(fixed("writes/goal_replace", _columns(website_id, goal)))
    except errors.UniqueViolation as error:
        raise _name_taken() from error
    if not replaced:
        raise _no_such_goal()


async def delete_goal(reader: Reader, website_id: str, goal_id: UUID) -> None:
    """Raises AppError 404 when there is no such goal."""
    if not await reader.rows(fixed("writes/goal_delete", {"website_id": website_id, "goal_id": goal_id})):
        raise _no_such_goal()


def parse_goal_id(sent: str) -> UUID:
    """The id in a path; raises AppError 404 for what is none."""
    try:
        return UUID(sent)
    except ValueError as error:
        raise _no_such_goal() from error


def _columns(website_id: str, goal: Step) -> dict[str, object]:
    return {
        "goal_id": goal.id,
        "website_id": website_id,
        "name": goal.name,
        "page": goal.page,
        "event_type": goal.event_type,
        "properties": Jsonb(goal.properties),
    }


def _no_such_goal() -> AppError:
    return AppError(404, "goal_not_found", "no such goal")


def _name_taken() -> AppError:
    return AppError(409, "name_taken", "name: another goal of this website has it", details={"field": "name"})
