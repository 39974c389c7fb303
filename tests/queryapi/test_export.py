"""Events are exported whole, in pages that leave out none and repeat none."""

import csv
import gzip
import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import psycopg
import pytest

from queryapi.stored_event import COLUMNS
from tests.queryapi.funnel_client import bearer, register, serving
from tests.queryapi.moving import import_pages, renamed, rows_of
from tests.queryapi.rig import NOW, SITE, Hit, at, store, vector

EXPORT = f"/api/v1/websites/{SITE}/export"
OTHER = "other-site"
RANGE = {"from": "2026-03-02", "to": "2026-03-03"}
# Before the place of the client, at its very instant, after it.
ARRIVALS = (("09:00:00", 0), ("10:00:01", 0), ("12:00:00", 0), ("08:00:00", 1))
PROPERTIES = {"plan": "pro", "seats": 12345678901234567, "ratio": 1.10, "text": '\u4e2d\n"=1+1'}


def events(payload: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in payload.splitlines()]


@pytest.mark.rule("N5")
async def test_every_column_of_every_event_is_exported(database: str) -> None:
    told = {"referrer": "https://a.example/", "bot_reasons": ["ua"], "revenue_amount": "19.9000"}
    hit = Hit(at=at("10:00:00"), is_bot=True, title="A", properties=PROPERTIES, own={**told, "revenue_currency": "EUR"})
    # Of another website, and of the instant at which the range is over.
    store(database, [hit, Hit(at=at("10:00:00"), website_id="other"), Hit(at=at("00:00:00", 2), session="later")])

    async with serving(database) as client:
        answer = await client.get(EXPORT, params=RANGE)
    with psycopg.connect(database) as connection:
        row = connection.execute("SELECT to_jsonb(e) - 'visitor_hash' FROM events e WHERE is_bot").fetchone()

    (exported,) = events(answer.text)
    assert row is not None
    stored = {name: value for name, value in row[0].items() if value is not None}
    assert exported.keys() == stored.keys()
    assert (exported["session_hash"], exported["properties"]) == (str(stored["session_hash"]), PROPERTIES)
    assert {name: exported[name] for name in told} == told
    assert (answer.headers["content-type"], answer.headers.get("x-next-cursor")) == ("application/x-ndjson", None)


@pytest.mark.rule("N5")
async def test_pages_leave_out_no_event_and_repeat_none(database: str) -> None:
    store(database, [*vector(), *(Hit(at=at("10:00:00"), session=f"s{number}") for number in range(5))])
    pages: list[list[dict[str, Any]]] = []
    cursor: dict[str, str] = {}

    async with serving(database) as client:
        whole = events((await client.get(EXPORT, params=RANGE)).text)
        while not pages or cursor:
            answer = await client.get(EXPORT, params={**RANGE, **cursor, "limit": "3"})
            pages.append(events(answer.text))
            cursor = {"cursor": answer.headers["x-next-cursor"]} if "x-next-cursor" in answer.headers else {}

    assert [len(page) for page in pages] == [3, 3, 3, 3, 1]
    assert [event for page in pages for event in page] == whole
    assert len({event["id"] for event in whole}) == 13


@pytest.mark.rule("N5")
async def test_without_a_range_everything_is_exported(database: str) -> None:
    times = [datetime(1970, 1, 1, tzinfo=UTC), at("10:00:00"), NOW + timedelta(minutes=9)]
    store(database, [Hit(at=one, session=f"s{number}") for number, one in enumerate(times)])

    async with serving(database) as client:
        first = await client.get(EXPORT, params={"limit": "2"})
        last = await client.get(EXPORT, params={"limit": "2", "cursor": first.headers["x-next-cursor"]})

    found = [datetime.fromisoformat(event["timestamp"]) for event in events(first.text) + events(last.text)]
    assert (found, last.headers.get("x-next-cursor")) == (times, None)


@pytest.mark.rule("N5")
async def test_csv_is_the_columns_below_a_header_on_every_page(database: str) -> None:
    title, properties = '=1+1,"a"\r\nb', {"plan": "=cmd()", "ratio": 1.10}
    hostile = Hit(at=at("10:00:00"), page="@a", title=title, properties=properties)
    store(database, [hostile, Hit(at=at("10:00:01"), page="", is_bot=True)])

    async with serving(database) as client:
        pages = [await client.get(EXPORT, params={"format": "csv", "limit": "1"})]
        pages.append(
            await client.get(
                EXPORT, params={"format": "csv", "limit": "1", "cursor": pages[0].headers["x-next-cursor"]}
            )
        )
        lines = events((await client.get(EXPORT)).text)

    read = [list(csv.DictReader(StringIO(page.text, newline=""))) for page in pages]
    first, second = read[0][0], read[1][0]
    assert [len(rows) for rows in read] == [1, 1]
    assert first.keys() == set(COLUMNS) >= lines[0].keys()
    assert (first["page"], first["title"]) == ("'@a", f"'{title}")
    assert (json.loads(first["properties"]), second["properties"]) == (properties, "")
    assert (second["page"], second["is_bot"], second["timestamp"]) == ("'", "true", lines[1]["timestamp"])
    assert pages[0].headers["content-type"] == "text/csv; charset=utf-8"


@pytest.mark.rule("N5")
async def test_gzip_is_given_to_who_takes_it(database: str) -> None:
    store(database, vector())

    async with serving(database) as client:
        plain = await client.get(EXPORT, params=RANGE, headers={"accept-encoding": "identity"})
        async with client.stream("GET", EXPORT, params=RANGE, headers={"accept-encoding": "gzip"}) as answer:
            packed = b"".join([chunk async for chunk in answer.aiter_raw()])

    assert gzip.decompress(packed) == plain.content
    assert "content-encoding" not in plain.headers


@pytest.mark.rule("N5")
@pytest.mark.parametrize("form", ["ndjson", "csv"])
async def test_a_client_that_was_killed_goes_on_from_its_cursor(database: str, form: str) -> None:
    """No event twice, none of those that were there missing, none that came behind its place; and all of it goes in
    again as it was. Many are of one instant, in pages that are packed."""
    instants = ("10:00:00", "10:00:00", "10:00:01", "23:59:59")
    store(database, [Hit(at=at(clock), session=f"{clock} {n}", title="=a\r\n") for clock in instants for n in range(5)])
    register(database, OTHER)
    asked = {"format": form, "limit": "6"}
    kept: list[bytes] = []

    async with serving(database) as client:
        for _ in range(2):
            answer = await client.get(EXPORT, params=asked)
            kept.append(answer.content)
            asked["cursor"] = answer.headers["x-next-cursor"]
        await client.get(EXPORT, params=asked)  # Of what it was sent it wrote nothing down.
    stored = {row["id"] for row in rows_of(database, SITE)}
    store(database, [Hit(at=at(clock, day), session=f"late {n}") for clock, day in ARRIVALS for n in range(5)])
    async with serving(database) as client:
        while "cursor" in asked:
            answer = await client.get(EXPORT, params=asked, headers={"accept-encoding": "gzip"})
            assert answer.headers["content-encoding"] == "gzip"
            kept.append(answer.content)
            asked["cursor"] = answer.headers.get("x-next-cursor", "")
            asked = {name: value for name, value in asked.items() if value}
        imported = await import_pages(client, OTHER, kept, form, is_packed=True)

    rows = rows_of(database, SITE)
    place = max(row["timestamp"] for row in rows if row["id"].encode() in b"".join(kept[:2]))
    exported = [row for row in rows if row["id"].encode() in b"".join(kept)]
    ids = [row["id"] for row in exported]
    assert stored <= set(ids)
    assert {row["id"] for row in rows if row["timestamp"] > place} <= set(ids)
    assert not ({row["id"] for row in rows if row["timestamp"] < place} - stored) & set(ids)
    assert sum(b"".join(kept).count(one.encode()) for one in ids) == len(ids) == imported[0]
    assert rows_of(database, OTHER) == renamed(exported, OTHER)


@pytest.mark.rule("N5")
@pytest.mark.rule("R63")
async def test_what_is_no_export_is_refused(database: str) -> None:
    store(database, vector())

    async with serving(database) as client:
        answers = {
            "half a range": (await client.get(EXPORT, params={"from": "2026-03-02"}), 400, "incomplete_range"),
            "format": (await client.get(EXPORT, params={**RANGE, "format": "xml"}), 400, "invalid_parameter"),
            "no cursor": (await client.get(EXPORT, params={**RANGE, "cursor": "x"}), 400, "invalid_cursor"),
            "far cursor": (
                await client.get(EXPORT, params={**RANGE, "cursor": f"{'9' * 17}-{'0' * 31}"}),
                400,
                "invalid_cursor",
            ),
            "limit": (await client.get(EXPORT, params={**RANGE, "limit": "10001"}), 400, "invalid_parameter"),
            "unknown": (await client.get(EXPORT, params={**RANGE, "days": "7"}), 400, "unknown_parameter"),
            "editor": (
                await client.get(EXPORT, params=RANGE, headers=bearer(database, "editor", (SITE,))),
                403,
                "forbidden",
            ),
            "foreign": (
                await client.get(EXPORT, params=RANGE, headers=bearer(database, "owner", ("other",))),
                404,
                "website_not_found",
            ),
        }

    assert {name: (answer.status_code, answer.json()["code"]) for name, (answer, _, _) in answers.items()} == {
        name: (status, code) for name, (_, status, code) in answers.items()
    }
