"""The events in the body of an import, each checked before any is written."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

import msgspec

from queryapi.csv_events import MEDIA_TYPE as CSV
from queryapi.csv_events import read_csv
from queryapi.stored_event import StoredEvent, at_line, bad_field, check_event
from shared.errors import AppError

# A page of an export, at most.
MAX_IMPORT_LINES = 10_000
# The longest line that an export can have is below this.
MAX_LINE_BYTES = 524_288
_event = msgspec.json.Decoder(StoredEvent)
_anything = msgspec.json.Decoder(msgspec.Raw)
_FIELD = re.compile(r" - at `\$\.(\w+)")
_MISSING = re.compile(r"missing required field `(\w+)`")
_UNKNOWN = re.compile(r"unknown field `(.*)`", re.DOTALL)
_UNDECODABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Line(NamedTuple):
    """An event and the line of the body that it begins on, from 1."""

    number: int
    event: StoredEvent


def parse_lines(body: bytes, media_type: str, now: datetime) -> list[Line]:
    """Every event of the body, in its order. Raises AppError 400, 413 or 422 on the first that is none, with the `line`
    and the `field` in `details`."""
    lines: list[Line] = []
    for number, text in read_csv(body) if media_type == CSV else _json_lines(body):
        if len(lines) == MAX_IMPORT_LINES:
            problem = f"more than {MAX_IMPORT_LINES} events; send them in several requests"
            raise at_line(number, AppError(413, "too_many_events", problem, details={"limit": MAX_IMPORT_LINES}))
        if len(text) > MAX_LINE_BYTES:
            raise at_line(number, AppError(413, "line_too_long", f"longer than {MAX_LINE_BYTES} bytes"))
        try:
            event = _event.decode(text)
            check_event(event, now)
        except AppError as error:
            raise at_line(number, error) from error
        except _UNDECODABLE as error:
            raise at_line(number, _explain(text, error)) from error
        lines.append(Line(number, event))
    return lines


def _json_lines(body: bytes) -> Iterator[tuple[int, bytes]]:
    start, number = 0, 0
    while start < len(body):
        end = body.find(b"\n", start)
        end = len(body) if end < 0 else end
        number += 1
        if line := body[start:end].strip():
            yield number, line
        start = end + 1


def _explain(text: bytes, error: Exception) -> AppError:
    """The decoder's complaint in our words; that it is no JSON at all counts before a wrong field."""
    if isinstance(error, msgspec.ValidationError):
        try:
            _anything.decode(text)
        except _UNDECODABLE as worse:
            error = worse
    if isinstance(error, UnicodeDecodeError):
        return AppError(400, "invalid_unicode", "not valid UTF-8")
    if isinstance(error, RecursionError):
        return AppError(400, "too_deep", "nested too deeply")
    if not isinstance(error, msgspec.ValidationError):
        return AppError(400, "invalid_json", "not valid JSON")
    told = str(error)
    if missing := _MISSING.search(told):
        return bad_field(missing[1], "is required", "missing_field")
    if unknown := _UNKNOWN.search(told):
        return bad_field(unknown[1][:64], "no column of the export", "unknown_field")
    field = _FIELD.search(told)
    if field is None:
        return AppError(422, "invalid_type", "must be an object")
    reason = told.partition(" - at ")[0]
    code = "invalid_type" if ", got `" in reason else "invalid_value"
    return bad_field(field[1], _reworded(reason), code)


def _reworded(reason: str) -> str:
    if reason.startswith("Expected `"):
        return "must be " + reason.removeprefix("Expected ").partition(", got ")[0].replace("`", "")
    return "must be RFC 3339 text with a zone" if "datetime" in reason else reason[:1].lower() + reason[1:]
