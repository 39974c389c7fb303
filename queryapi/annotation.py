"""What happened to a website, told beside its numbers; kept in a table."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

import msgspec

from queryapi.database import Reader
from queryapi.fields import parse_object, refuse
from queryapi.fixed import fixed
from queryapi.moments import LATEST_YEAR, moment_field
from queryapi.query import Range
from queryapi.ranges import EARLIEST
from shared.errors import AppError

MAX_ANNOTATION_CHARACTERS = 500
MAX_ANNOTATIONS_PER_WEBSITE = 1000
_FIELDS = frozenset({"at", "text"})
# What we give and a client may send back: known, and ignored.
_GIVEN = frozenset({"id", "created_at"})


@dataclass(frozen=True, kw_only=True)
class Note:
    """What an annotation says, of which moment."""

    at: datetime
    text: str


@dataclass(frozen=True, kw_only=True)
class Annotation(Note):
    """An annotation in the table."""

    annotation_id: UUID
    created_at: datetime


def parse_note(body: bytes) -> Note:
    """The annotation in a body; raises AppError 400 when it is no JSON, 422 when it is no annotation."""
    fields = parse_object(body)
    fields.check_known(_FIELDS | _GIVEN)
    fields.require("at")
    fields.require("text")
    at, text = moment_field(fields, "at"), fields.label("text", MAX_ANNOTATION_CHARACTERS)
    assert at is not None and text is not None
    # As a wall clock anywhere: an offset must not carry it out of what can be stored.
    if not EARLIEST.year < at.year < LATEST_YEAR:
        raise refuse("invalid_value", "at", f"must lie between the years {EARLIEST.year} and {LATEST_YEAR}")
    return Note(at=at.astimezone(UTC), text=text)


def annotation_body(annotation: Annotation) -> dict[str, object]:
    """The annotation as JSON; what this gives can be sent back."""
    return {
        "id": str(annotation.annotation_id),
        "at": annotation.at,
        "text": annotation.text,
        "created_at": annotation.created_at,
    }


async def list_annotations(reader: Reader, website_id: str, asked: Range | None) -> list[Annotation]:
    """The annotations of a range, all of them for None, by time."""
    values = {
        "website_id": website_id,
        "since": None if asked is None else asked.since,
        "until": None if asked is None else asked.until,
    }
    rows = await reader.rows(fixed("reads/annotation_list", values))
    return [msgspec.convert(row, Annotation) for row in rows]


async def create_annotation(reader: Reader, website_id: str, note: Note, now: datetime) -> Annotation:
    """The new annotation; raises AppError 409 when the website has as many as it may."""
    limit = MAX_ANNOTATIONS_PER_WEBSITE
    values = {**_columns(website_id, uuid4(), note), "now": now, "limit": limit}
    rows = await reader.rows(fixed("writes/annotation_create", values))
    if not rows:
        raise AppError(409, "too_many_annotations", f"a website can have {limit}", details={"limit": limit})
    return msgspec.convert(rows[0], Annotation)


async def replace_annotation(reader: Reader, website_id: str, annotation_id: UUID, note: Note) -> Annotation:
    """The annotation as asked for; raises AppError 404 when the website has none of this id."""
    rows = await reader.rows(fixed("writes/annotation_replace", _columns(website_id, annotation_id, note)))
    if not rows:
        raise no_such_annotation()
    return msgspec.convert(rows[0], Annotation)


async def delete_annotation(reader: Reader, website_id: str, annotation_id: UUID) -> None:
    """Raises AppError 404 when the website has none of this id."""
    values = {"website_id": website_id, "annotation_id": annotation_id}
    if not await reader.rows(fixed("writes/annotation_delete", values)):
        raise no_such_annotation()


def no_such_annotation() -> AppError:
    return AppError(404, "annotation_not_found", "no such annotation")


def _columns(website_id: str, annotation_id: UUID, note: Note) -> Mapping[str, object]:
    return {"website_id": website_id, "annotation_id": annotation_id, "at": note.at, "text": note.text}
