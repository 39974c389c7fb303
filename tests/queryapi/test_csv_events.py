"""CSV gives every text back, whatever it begins with, and no cell that a spreadsheet would run."""

import csv
import json
from io import StringIO

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from queryapi.csv_events import read_csv, write_csv
from shared.errors import AppError

_texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
_hostile = st.tuples(st.sampled_from(("", "=", "+", "-", "@", "\t", "\r", "'", '"', "\n", ",")), _texts).map("".join)
_events = st.fixed_dictionaries(
    {"page": _hostile},
    optional={
        "title": _hostile,
        "session_hash": st.integers(-(2**63), 2**63 - 1).map(str),
        "is_bot": st.booleans(),
        "engaged_ms": st.integers(-5, 5),
        "bot_reasons": st.lists(_hostile, max_size=3),
        "properties": st.dictionaries(_hostile, _hostile | st.integers() | st.none(), max_size=3),
    },
)


@given(st.lists(_events, max_size=5))
def test_what_is_written_is_read(events: list[dict[str, object]]) -> None:
    packed = [
        {
            name: msgspec.Raw(json.dumps(value).encode()) if name == "properties" else value
            for name, value in one.items()
        }
        for one in events
    ]

    written = write_csv(packed)

    assert [json.loads(text) for _, text in read_csv(written)] == events
    for cells in csv.reader(StringIO(written.decode(), newline="")):
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in cells)


def test_lines_are_those_of_the_file() -> None:
    body = b'\xef\xbb\xbfpage,title\r\n/a,"two\nlines"\r\n\r\n/b,\r\n'

    assert [(line, json.loads(text)) for line, text in read_csv(body)] == [
        (2, {"page": "/a", "title": "two\nlines"}),
        (5, {"page": "/b"}),
    ]


@pytest.mark.parametrize(
    ("body", "status", "code", "details"),
    [
        (b"page,nothing\r\n", 422, "unknown_field", {"line": 1, "field": "nothing"}),
        (b"page,page\r\n", 422, "unknown_field", {"line": 1, "field": "page"}),
        (b"page,title\r\n/a\r\n", 422, "invalid_value", {"line": 2}),
        (b'page\r\n"/a\r\n', 400, "invalid_csv", {"line": 2}),
        (b'page\r\n"/a"b\r\n', 400, "invalid_csv", {"line": 2}),
        (b"page\r\n/a\r\n/\xff\r\n", 400, "invalid_unicode", {"line": 3}),
        (b"page\r\n" + b"x" * 200_000, 400, "invalid_csv", {"line": 2}),
        (b'is_bot\r\n"true,""page"":""/x"""\r\n', 422, "invalid_type", {"line": 2, "field": "is_bot"}),
        (b"properties\r\n" + b"[" * 100_000 + b"\r\n", 422, "invalid_type", {"line": 2, "field": "properties"}),
    ],
    ids="column twice cells open quote unicode long second-value deep".split(),
)
def test_what_is_no_export_is_refused_by_its_line(
    body: bytes, status: int, code: str, details: dict[str, object]
) -> None:
    with pytest.raises(AppError) as refused:
        list(read_csv(body))

    assert (refused.value.status, refused.value.code, refused.value.details) == (status, code, details)
