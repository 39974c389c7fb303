"""Segments: filters that a website keeps under a name (SPEC R64)."""

import json
from dataclasses import dataclass
from uuid import UUID

from queryapi.database import Reader
from queryapi.fields import parse_object, refuse
from queryapi.filters import read_filters
from queryapi.fixed import fixed
from queryapi.named import Kind
from queryapi.pattern_check import check_patterns
from queryapi.query import Condition
from queryapi.rows import Row
from shared.errors import AppError

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


def _columns(segment: Segment) -> dict[str, object]:
    return {"name": segment.name, "filters": segment.filters}


async def _check(reader: Reader, segment: Segment) -> None:
    await check_patterns(reader, segment_filters(segment))


def _segment(row: Row) -> Segment:
    return Segment(UUID(str(row["id"])), str(row["name"]), str(row["filters"]))


SEGMENT = Kind(
    word="segment",
    most=500,
    parse=parse_segment,
    body=segment_body,
    columns=_columns,
    list_all=list_segments,
    check=_check,
)


async def find_segment(reader: Reader, website_id: str, segment_id: str) -> Segment:
    """Raises AppError 404 where the website has none of this id."""
    values = {"website_id": website_id, "segment_id": SEGMENT.parse_id(segment_id)}
    rows = await reader.rows(fixed("reads/segment_by_id", values))
    if not rows:
        raise SEGMENT.not_found()
    return _segment(rows[0])
