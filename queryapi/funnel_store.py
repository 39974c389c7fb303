"""Funnels in their table."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

import msgspec
from psycopg import errors

from queryapi.database import Reader
from queryapi.fixed import fixed
from queryapi.funnel import Definition, Funnel, Scope, StepOrder, decode_steps, encode_steps
from queryapi.rows import Row, whole
from queryapi.stretch import Listed, Stretch
from shared.errors import AppError

MAX_FUNNELS = 1000


@dataclass(frozen=True)
class Draft:
    """A funnel to be made; `creation_key` tells a retry from another one."""

    website_id: str
    definition: Definition
    creation_key: str | None
    now: datetime


class _Stored(msgspec.Struct, frozen=True):
    funnel_id: UUID
    website_id: str
    name: str
    steps: str
    scope: Scope
    step_order: StepOrder
    window_seconds: int
    version: int
    created_at: datetime
    updated_at: datetime


async def list_funnels(reader: Reader, website_id: str, stretch: Stretch) -> Listed[Funnel]:
    """The funnels of a website, by name."""
    rows = await reader.rows(fixed("reads/funnel_list", {"website_id": website_id, **stretch._asdict()}))
    return Listed([_funnel(row) for row in rows if row["funnel_id"] is not None], whole(rows[0]["total"]))


async def find_funnel(reader: Reader, funnel_id: str) -> Funnel | None:
    """The funnel of this id, in any way to write a UUID; None when there is none."""
    try:
        parsed = UUID(funnel_id)
    except ValueError:
        return None
    return await _find(reader, "reads/funnel_by_id", {"funnel_id": parsed})


async def create_funnel(reader: Reader, draft: Draft) -> Funnel:
    """The new funnel, or the one that was made by the same request before; raises AppError 409."""
    found = await _find(
        reader,
        "writes/funnel_create",
        {
            **_columns(draft.definition, draft.now),
            "funnel_id": uuid4(),
            "website_id": draft.website_id,
            "creation_key": draft.creation_key,
            "limit": MAX_FUNNELS,
        },
    )
    if found is None and draft.creation_key is not None:
        key = {"website_id": draft.website_id, "creation_key": draft.creation_key}
        found = await _find(reader, "reads/funnel_by_creation_key", key)
    if found is not None:
        return found
    name = {"website_id": draft.website_id, "name": draft.definition.name}
    taken = await reader.rows(fixed("reads/funnel_name_taken", name))
    if taken[0]["is_taken"] is True:
        raise _name_taken()
    raise AppError(409, "too_many_funnels", f"a website can have {MAX_FUNNELS} funnels", details={"limit": MAX_FUNNELS})


async def replace_funnel(reader: Reader, funnel: Funnel, definition: Definition, now: datetime) -> Funnel:
    """The funnel with `definition`; raises AppError 409 when the name is taken, or when somebody else
    changed the funnel meanwhile."""
    key = {"funnel_id": funnel.funnel_id, "version": funnel.version}
    try:
        found = await _find(reader, "writes/funnel_replace", {**_columns(definition, now), **key})
    except errors.UniqueViolation as error:
        raise _name_taken() from error
    if found is None:
        raise _changed()
    return found


async def delete_funnel(reader: Reader, funnel: Funnel) -> None:
    """Raises AppError 409 when somebody else changed the funnel meanwhile."""
    key = {"funnel_id": funnel.funnel_id, "version": funnel.version}
    if not await reader.rows(fixed("writes/funnel_delete", key)):
        raise _changed()


async def _find(reader: Reader, name: str, values: Mapping[str, object]) -> Funnel | None:
    rows = await reader.rows(fixed(name, values))
    return _funnel(rows[0]) if rows else None


def _columns(definition: Definition, now: datetime) -> dict[str, object]:
    return {
        "name": definition.name,
        "steps": encode_steps(definition.steps),
        "scope": definition.scope,
        "step_order": definition.order,
        "window_seconds": definition.window_seconds,
        "now": now,
    }


def _funnel(row: Row) -> Funnel:
    stored = msgspec.convert(row, _Stored)
    return Funnel(
        funnel_id=stored.funnel_id,
        website_id=stored.website_id,
        definition=Definition(
            name=stored.name,
            steps=decode_steps(stored.steps),
            scope=stored.scope,
            order=stored.step_order,
            window_seconds=stored.window_seconds,
        ),
        version=stored.version,
        created_at=stored.created_at,
        updated_at=stored.updated_at,
    )


def _name_taken() -> AppError:
    return AppError(409, "name_taken", "name: another funnel of this website has it", details={"field": "name"})


def _changed() -> AppError:
    return AppError(409, "changed_meanwhile", "the funnel was changed by another request; read it again")
