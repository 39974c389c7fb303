"""Segments: filters that a website keeps under a name (SPEC R64)."""

import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg import errors

from queryapi.database import Reader
from queryapi.fields import parse_object, refuse
from queryapi.filters import read_filters
from queryapi.fixed import fixed
from queryapi.query import Condition
from queryapi.rows import Row
from shared.errors import AppError

MAX_SEGMENTS = 500
MAX_NAME_CHARACTERS = 200
_FIELDS = frozenset({"id", "name", "filters"})


@dataclass(frozen=True)
class Segment:
    """`filters` is the JSON that was sent, known to be good when it was."""

    id: UUID
    name: str
    filters: str


def parse_segment(body: bytes, segment_id: UUID) -> Segment:
    """The segment in a body; an id in it is ignored. Raises AppError 400 by the place in its filters, 422 otherwise."""
    fields = parse_object(body)
    fields.check_known(_FIELDS)
    name = fields.label("name", MAX_NAME_CHARACTERS)
    if name is None:
        raise refuse("missing_field", "name", "is required")
    document = fields.require("filters")
    if not read_filters(document, "filters"):
        raise refuse("invalid_value", "filters", "must not be empty")
    # Without escapes of what could not be stored: a lone half of a surrogate pair.
    text = json.dumps(document, ensure_ascii=False).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return Segment(segment_id, name, text)


def parse_segment_id(text: str) -> UUID:
    """Raises the 404 of a segment that is not there on what can be no id."""
    try:
        return UUID(text)
    except ValueError as error:
        raise _no_such_segment() from error


def segment_filters(segment: Segment) -> tuple[Condition, ...]:
    """Its conditions; raises AppError 409 where they are no longer of the grammar."""
    try:
        return read_filters(json.loads(segment.filters), "filters")
    except AppError as error:
        problem = f"segment: its filters do not hold any more; {error.message}"
        raise AppError(409, "invalid_segment", problem, details={"parameter": "segment"}) from error


def segment_body(segment: Segment) -> dict[str, object]:
    return {"id": str(segment.id), "name": segment.name, "filters": json.loads(segment.filters)}


async def list_segments(reader: Reader, website_id: str) -> list[Segment]:
    """The segments of a website, by name."""
    return [_segment(row) for row in await reader.rows(fixed("reads/segment_list", {"website_id": website_id}))]


async def find_segment(reader: Reader, website_id: str, segment_id: str) -> Segment:
    """Raises AppError 404 where the website has none of this id."""
    values = {"website_id": website_id, "segment_id": parse_segment_id(segment_id)}
    rows = await reader.rows(fixed("reads/segment_by_id", values))
    if not rows:
        raise _no_such_segment()
    return _segment(rows[0])


async def create_segment(reader: Reader, website_id: str, segment: Segment, now: datetime) -> None:
    """Raises AppError 409 when the name is taken, or when there are too many."""
    values = {**_columns(website_id, segment), "now": now, "limit": MAX_SEGMENTS}
    try:
        rows = await reader.rows(fixed("writes/segment_create", values))
    except errors.UniqueViolation as error:
        raise _name_taken() from error
    if not rows:
        problem = f"a website can have {MAX_SEGMENTS} segments"
        raise AppError(409, "too_many_segments", problem, details={"limit": MAX_SEGMENTS})


async def replace_segment(reader: Reader, website_id: str, segment: Segment) -> None:
    """Raises AppError 404 when there is none, 409 when the name is taken."""
    try:
        rows = await reader.rows(fixed("writes/segment_replace", _columns(website_id, segment)))
    except errors.UniqueViolation as error:
        raise _name_taken() from error
    if not rows:
        raise _no_such_segment()


async def delete_segment(reader: Reader, website_id: str, segment_id: UUID) -> None:
    """Raises AppError 404 when there is none."""
    if not await reader.rows(fixed("writes/segment_delete", {"website_id": website_id, "segment_id": segment_id})):
        raise _no_such_segment()


def _columns(website_id: str, segment: Segment) -> dict[str, object]:
    return {"website_id": website_id, "segment_id": segment.id, "name": segment.name, "filters": segment.filters}


def _segment(row: Row) -> Segment:
    return Segment(UUID(str(row["id"])), str(row["name"]), str(row["filters"]))


def _no_such_segment() -> AppError:
    return AppError(404, "segment_not_found", "segment: the website has none of this id")


def _name_taken() -> AppError:
    return AppError(409, "name_taken", "name: another segment of this website has it", details={"field": "name"})
