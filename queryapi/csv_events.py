"""Events as CSV (RFC 4180): one header line, the columns of the export, every cell restored exactly (RELIABILITY 6.4).

A cell is the text of a column, or its JSON where that is no text. NULL is an empty cell. What a spreadsheet would take
for a formula begins with an apostrophe, and so does what begins with one itself; a lone one is the empty text.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from io import StringIO

import msgspec

from queryapi.stored_event import COLUMNS, NOT_TEXT, at_line, bad_field
from shared.errors import AppError

MEDIA_TYPE = "text/csv"
_ESCAPED = ("=", "+", "-", "@", "\t", "\r", "'")
_encode = msgspec.json.encode
_is_json = msgspec.json.Decoder(msgspec.Raw)


def write_csv(events: Iterable[Mapping[str, object]]) -> bytes:
    """The events below their header; values as they are encoded to JSON, `msgspec.Raw` among them."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([_cell(event.get(name)) for name in COLUMNS] for event in events)
    return text.getvalue().encode()


def read_csv(body: bytes) -> Iterator[tuple[int, bytes]]:
    """Each event as JSON, with the number of the line it begins on. Raises AppError 400 for what is no CSV, 422 for a
    header or a number of cells that does not fit; `details` has the line."""
    reader = csv.reader(StringIO(_decoded(body), newline=""), strict=True)
    names: list[str] | None = None
    line = 1
    try:
        for cells in reader:
            if names is None:
                names = _header(cells)
            elif cells:
                yield line, _json(names, cells, line)
            line = reader.line_num + 1
    except csv.Error as error:
        raise at_line(line, AppError(400, "invalid_csv", "not valid CSV")) from error


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        text = value or "'"
        return f"'{value}" if value.startswith(_ESCAPED) else text
    if isinstance(value, bool | int | float | list | msgspec.Raw):
        text = _encode(value).decode()
        return f"'{text}" if text.startswith(_ESCAPED) else text
    return _encode(value).decode().strip('"')


def _decoded(body: bytes) -> str:
    try:
        # Spreadsheets begin what they save with a mark.
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise at_line(line, AppError(400, "invalid_unicode", "not valid UTF-8")) from error


def _header(cells: list[str]) -> list[str]:
    for name in cells:
        if name not in COLUMNS or cells.count(name) > 1:
            raise at_line(1, bad_field(name[:64], "no column of the export, or there twice", "unknown_field"))
    return cells


def _json(names: list[str], cells: list[str], line: int) -> bytes:
    if len(cells) != len(names):
        raise at_line(line, AppError(422, "invalid_value", f"has {len(cells)} cells, the header {len(names)}"))
    return b"{" + b",".join(_member(name, cell, line) for name, cell in zip(names, cells, strict=True) if cell) + b"}"


def _member(name: str, cell: str, line: int) -> bytes:
    text = cell.removeprefix("'")
    if name not in NOT_TEXT:
        return b'"%b":%b' % (name.encode(), _encode(text))
    value = text.encode()
    try:
        # One value and nothing behind it: a cell must not write other columns.
        _is_json.decode(value)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise at_line(line, bad_field(name, "must be JSON", "invalid_type")) from error
    return b'"%b":%b' % (name.encode(), value)
