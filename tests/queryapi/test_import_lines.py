"""A line that is no event is refused by its number and its field; nothing of the page is stored, and nothing breaks."""

import gzip
import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from queryapi.csv_events import write_csv
from queryapi.import_lines import MAX_IMPORT_LINES, MAX_LINE_BYTES, parse_lines
from queryapi.import_routes import MAX_IMPORT_BYTES
from queryapi.imports import MAX_IMPORT_DAYS, make_batches
from queryapi.stored_event import COLUMNS, TEXT_BYTES
from shared.errors import AppError
from shared.inflate import inflate
from sql.statements import read
from tests.queryapi.funnel_client import register, serving
from tests.queryapi.moving import TYPES, rows_of, send
from tests.queryapi.rig import DAY, NOW, SITE

GOOD: dict[str, object] = {
    "timestamp": "2026-03-02T10:00:00Z",
    "id": "0190163d-8694-739b-aea5-966c26f8ad91",
    "website_id": "old-site",
    "received_at": "2026-03-02T10:00:01.123456Z",
    "session_started_at": "2026-03-02T10:00:00Z",
    "session_hash": "-9223372036854775808",
    "arrival": "9223372036854775807",
    "rules_version": 1,
    "interactive": True,
    "is_bot": False,
    "is_persistent": False,
    "visitor_id": "v",
    "session_id": "s",
    "event_type": "pageview",
    "page": "/",
    "channel": "Direct",
    "device": "desktop",
}
LATE = (NOW + timedelta(minutes=11)).isoformat()
# A field, a value that it must not have, and the code of the refusal.
BAD: tuple[tuple[str, object, str], ...] = (
    ("timestamp", None, "invalid_type"),
    ("timestamp", 1_772_445_600, "invalid_type"),
    ("timestamp", "2026-03-02", "invalid_value"),
    ("timestamp", "2026-03-02T10:00:00", "invalid_value"),
    ("timestamp", "infinity", "invalid_value"),
    ("timestamp", "1969-12-31T23:59:59Z", "timestamp_out_of_range"),
    ("timestamp", LATE, "timestamp_out_of_range"),
    ("received_at", LATE, "timestamp_out_of_range"),
    ("received_at", "0001-01-01T00:00:00+23:59", "timestamp_out_of_range"),
    ("session_started_at", "2026-03-02T10:00:00.000001Z", "invalid_value"),
    ("session_started_at", "2026-02-28T09:59:59Z", "invalid_value"),
    ("session_started_at", "0001-01-01T00:00:00+23:59", "invalid_value"),
    ("id", "x", "invalid_value"),
    ("id", 7, "invalid_type"),
    ("website_id", "a b", "invalid_value"),
    ("website_id", "a\n", "invalid_value"),
    ("website_id", "", "invalid_value"),
    ("session_hash", 42, "invalid_type"),
    ("session_hash", "9223372036854775808", "invalid_value"),
    ("session_hash", "1\n", "invalid_value"),
    ("arrival", "\u0661", "invalid_value"),
    ("arrival", "1" * 10_000, "invalid_value"),
    ("rules_version", 32_768, "invalid_value"),
    ("engaged_ms", -1, "invalid_value"),
    ("engaged_ms", 86_400_001, "invalid_value"),
    ("engaged_ms", "5", "invalid_type"),
    ("engaged_ms", 10**400, "invalid_value"),
    ("scroll_depth", 101, "invalid_value"),
    ("scroll_depth", 1.5, "invalid_type"),
    ("city_geoname_id", 2**31, "invalid_value"),
    ("interactive", "true", "invalid_type"),
    ("is_bot", None, "invalid_type"),
    ("is_new_user", 1, "invalid_type"),
    ("visitor_id", "", "invalid_value"),
    ("event_type", "", "invalid_value"),
    ("event_type", "x" * 101, "invalid_value"),
    ("event_type", "a\x1fb", "invalid_value"),
    ("page", ["/"], "invalid_type"),
    ("page", "/\u4e2d" * 512 + "/", "too_long"),
    *((name, "x" * (limit + 1), "too_long") for name, limit in TEXT_BYTES.items()),
    *((name, "a\0b", "invalid_value") for name in TEXT_BYTES),
    ("bot_reasons", "ua", "invalid_type"),
    ("bot_reasons", ["x"] * 21, "invalid_value"),
    ("bot_reasons", ["x" * 101], "invalid_value"),
    ("bot_reasons", ["\0"], "invalid_value"),
    ("revenue_amount", "1.0", "invalid_value"),
    ("revenue_amount", "NaN", "invalid_value"),
    ("revenue_amount", "1.23456", "invalid_value"),
    ("revenue_amount", 1.5, "invalid_type"),
    ("revenue_currency", "eur", "invalid_value"),
    ("revenue_currency", "EUR\n", "invalid_value"),
    ("performance", [1], "invalid_value"),
    ("performance", {"lcp": -1}, "invalid_value"),
    ("performance", {"lcp": "1"}, "invalid_value"),
    ("performance", {"other": 1}, "invalid_value"),
    ("properties", "text", "invalid_value"),
    ("properties", {"a": {"b": 1}}, "invalid_value"),
    ("properties", {"a": [1]}, "invalid_value"),
    ("properties", {"a": "\0"}, "invalid_value"),
    ("properties", {"\0": 1}, "invalid_value"),
    ("properties", {"a": 10**400}, "invalid_value"),
    ("properties", {"k" * 129: 1}, "invalid_value"),
    ("properties", {"a": "x" * 1025}, "invalid_value"),
    ("properties", {str(number): 1 for number in range(51)}, "invalid_value"),
    ("properties", {str(number): "\x01" * 1000 for number in range(50)}, "too_long"),
    ("visitor_hash", "1", "unknown_field"),
    ("x" * 100, 1, "unknown_field"),
)


def encoded(*events: Mapping[str, object]) -> bytes:
    return b"".join(json.dumps(event).encode() + b"\n" for event in events)


def refusal(body: bytes, form: str = "ndjson") -> AppError:
    with pytest.raises(AppError) as refused:
        make_batches(parse_lines(body, TYPES[form], NOW), SITE, NOW)
    return refused.value


@pytest.mark.parametrize(("field", "value", "code"), BAD, ids=lambda value: str(value)[:24])
def test_a_bad_field_is_named_with_its_line(field: str, value: object, code: str) -> None:
    error = refusal(encoded(GOOD, {}, GOOD | {field: value}).replace(b"{}\n", b"\n"))

    assert (error.status, error.code, error.details) == (422, code, {"line": 3, "field": field[:64]})
    assert error.message.startswith(f"line 3: {field[:64]}")


@pytest.mark.parametrize("field", sorted(GOOD))
def test_a_missing_field_is_named(field: str) -> None:
    error = refusal(encoded({name: value for name, value in GOOD.items() if name != field}))

    assert (error.status, error.code, error.details) == (422, "missing_field", {"line": 1, "field": field})


@pytest.mark.parametrize(
    ("line", "status", "code"),
    [
        (b"[]", 422, "invalid_type"),
        (b"7", 422, "invalid_type"),
        (b"{", 400, "invalid_json"),
        (b'{"page": 1} x', 400, "invalid_json"),
        (b'{"page": NaN}', 400, "invalid_json"),
        (b'{"page": "\\ud800"}', 400, "invalid_json"),
        (b'{"page": "\xff"}', 400, "invalid_unicode"),
        (b"\xff", 400, "invalid_json"),
        (b'{"properties": ' + b"[" * 100_000, 400, "too_deep"),
        (b" " + b"x" * MAX_LINE_BYTES + b"x", 413, "line_too_long"),
    ],
    ids="list number open behind nan half utf8 byte deep long".split(),
)
def test_a_line_that_is_no_object_is_named(line: bytes, status: int, code: str) -> None:
    error = refusal(encoded(GOOD) + line + b"\n" + encoded(GOOD))

    assert (error.status, error.code, error.details["line"]) == (status, code, 2)


def test_limits_are_those_that_are_told() -> None:
    one = encoded(GOOD)
    days = [
        GOOD | dict.fromkeys(("timestamp", "session_started_at"), (DAY - timedelta(days=number)).isoformat())
        for number in range(MAX_IMPORT_DAYS + 1)
    ]

    assert len(parse_lines(one * MAX_IMPORT_LINES, TYPES["ndjson"], NOW)) == MAX_IMPORT_LINES
    assert refusal(one * (MAX_IMPORT_LINES + 1)).code == "too_many_events"
    assert len(make_batches(parse_lines(encoded(*days[:-1]), TYPES["ndjson"], NOW), SITE, NOW)) == MAX_IMPORT_DAYS
    assert refusal(encoded(*days)).code == "too_many_days"


def test_the_longest_event_there_is_passes() -> None:
    texts = {name: "\x01" * (limit // 4 if name == "visitor_id" else limit) for name, limit in TEXT_BYTES.items()}
    longest = {
        **GOOD,
        **texts,
        "event_type": "\u4e2d" * 100,
        "bot_reasons": ["\x01" * 100] * 20,
        "properties": {f"{number:0128d}": "x" * 1024 for number in range(50)},
        "performance": dict.fromkeys(("lcp", "inp", "cls", "fcp", "ttfb", "load"), 1e9),
        "revenue_amount": "-999999999999999.9999",
        "revenue_currency": "EUR",
    }
    assert len(encoded(longest)) < MAX_LINE_BYTES

    (line,) = parse_lines(encoded(longest), TYPES["ndjson"], NOW)

    assert line.event.title == longest["title"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (gzip.compress(bytes(MAX_IMPORT_BYTES + 1)), 413, "body_too_large"),
        (gzip.compress(bytes(2**20)) * 40, 413, "body_too_large"),
        (gzip.compress(b"") * 103, 400, "invalid_encoding"),
        (gzip.compress(encoded(GOOD))[:-9], 400, "invalid_encoding"),
        (b"\x1f\x8bnothing", 400, "invalid_encoding"),
        (gzip.compress(encoded(GOOD)) + b"behind", 400, "invalid_encoding"),
    ],
    ids="bomb many-members empty-members cut none behind".split(),
)
def test_a_packed_body_is_bounded(body: bytes, status: int, code: str) -> None:
    with pytest.raises(AppError) as refused:
        inflate(body, MAX_IMPORT_BYTES)

    assert (refused.value.status, refused.value.code) == (status, code)


def test_members_of_a_packed_body_follow_each_other() -> None:
    content = encoded(GOOD) * 2000

    assert (
        inflate(gzip.compress(content) + gzip.compress(b"") * 99 + gzip.compress(content), len(content) * 2)
        == 2 * content
    )


async def test_nothing_of_a_refused_page_is_stored(database: str) -> None:
    register(database, SITE)
    bad = GOOD | {"page": 7}
    bodies: list[tuple[bytes, str]] = [
        (encoded(GOOD, GOOD | {"timestamp": "2026-03-01T10:00:00Z"}, bad), "ndjson"),
        (write_csv([GOOD]) + b",\r\n", "csv"),
        (b"x" * (MAX_IMPORT_BYTES + 1), "ndjson"),
        (gzip.compress(bytes(MAX_IMPORT_BYTES + 1)), "ndjson"),
    ]

    async with serving(database) as client:
        answers = [await send(client, SITE, body, form) for body, form in bodies]
        empty = [await send(client, SITE, body, form) for body, form in ((b"", "ndjson"), (write_csv([]), "csv"))]
        good = await send(client, SITE, gzip.compress(encoded(GOOD)))

    assert [answer.status_code for answer in answers] == [422, 422, 413, 413]
    assert [answer.json()["events"] for answer in empty] == [0, 0]
    assert (good.json()["added"], len(rows_of(database, SITE))) == (1, 1)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=4,
)
_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_numbers = st.integers(-(2**70), 2**70) | st.floats() | st.sampled_from((0, 1e308, 5e-324, 0.1, 10**308, -0.0))
_mutations: st.SearchStrategy[Mapping[str, Any]] = st.dictionaries(
    st.sampled_from(COLUMNS), _json | _texts | _numbers.map(str), max_size=3
)
_flat = st.dictionaries(_texts, _texts | _numbers | st.booleans() | st.none(), max_size=4)


def _with_flat(changed: Mapping[str, Any], properties: Mapping[str, Any]) -> Mapping[str, object]:
    return {**GOOD, "properties": properties, **changed}


@given(
    st.builds(_with_flat, _mutations, _flat),
    st.floats(0, 1),
    st.sampled_from((b"", b"\xff", b"\\", b"}", b'"', b"\n")),
)
def test_whatever_is_sent_is_an_event_or_refused(event: Mapping[str, object], where: float, piece: bytes) -> None:
    body = encoded(event)
    place = int(where * len(body))
    for media_type in TYPES.values():
        refused: list[AppError] = []
        try:
            parse_lines(body[:place] + piece + body[place:], media_type, NOW)
        except AppError as error:
            refused.append(error)

        assert {(error.status // 100, error.details["line"] in (1, 2)) for error in refused} <= {(4, True)}


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.builds(_with_flat, _mutations, _flat), min_size=20, max_size=40))
def test_whatever_passes_the_check_can_be_stored(database: str, events: list[Mapping[str, object]]) -> None:
    good: list[Mapping[str, object]] = []
    for event in events:
        named = {**event, "id": str(uuid4())}
        with suppress(AppError):
            parse_lines(encoded(named), TYPES["ndjson"], NOW)
            good.append(named)
    batches = make_batches(parse_lines(encoded(*good), TYPES["ndjson"], NOW), SITE, NOW)

    with psycopg.connect(database) as connection:
        connection.execute("INSERT INTO websites (website_id, name) VALUES (%s, 'test')", (SITE,))
        days = {"days": [batch.day for batch in batches], "buckets": []}
        connection.execute(read("writes/ensure_import_days"), days)
        added = [connection.execute(read("writes/import_events"), batch.values).fetchone() for batch in batches]
        connection.rollback()

    assert sum(row[0] for row in added if row is not None) == len(good)
