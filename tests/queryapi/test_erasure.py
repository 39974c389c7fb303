"""A visitor is erased: from every table, and from every number."""

from collections.abc import Callable
from urllib.parse import quote
from uuid import uuid4

import psycopg
import pytest

from shared.event import Envelope, Event, encode_envelope
from shared.hashes import digest64
from tests.queryapi.funnel_client import bearer, serving
from tests.queryapi.rig import NOW, SITE, Hit, at, refresh, store
from tests.queryapi.stored_text import pack, tables_with
from tests.sql.facts import differences

ERASED = "visitor-to-be-erased"
STAYING = "visitor-who-stays"
VISITOR = f"/api/v1/websites/{SITE}/visitors/{ERASED}"
DASHBOARD = f"/api/v1/analytics/dashboard/{SITE}"
OLD_DAY = {"from": "2026-03-02", "to": "2026-03-02"}
NEW_DAY = {"from": "2026-03-05", "to": "2026-03-05"}
MARKS = (ERASED, str(digest64(SITE, ERASED)))
GOOGLE = {"source": "Google", "channel": "Organic Search"}


def visits(visitor: str, day: int) -> list[Hit]:
    """Two sessions of the visitor, of three page views and a custom event."""
    first, second = f"{visitor[-5:]}-{day}-one", f"{visitor[-5:]}-{day}-two"
    return [
        Hit(at=at("10:00:00", day), visitor=visitor, session=first, page="/a", attributes=GOOGLE),
        Hit(at=at("10:20:00", day), visitor=visitor, session=first, page="/b"),
        Hit(at=at("10:20:30", day), visitor=visitor, session=first, event_type="engagement", engaged_ms=9000),
        Hit(at=at("18:00:00", day), visitor=visitor, session=second, page="/a"),
        Hit(at=at("18:01:00", day), visitor=visitor, session=second, page="/a", event_type="signup"),
    ]


def leave(database: str) -> None:
    """Nothing is rolled up."""


def drop_raw_events(database: str) -> None:
    """As retention does with days that long gone."""
    refresh(database)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CALL keep_house(8)")
        assert connection.execute("SELECT count(*) FROM events").fetchone() == (0,)


def bury(database: str, website_id: str | None, position: int, payload: bytes) -> None:
    with psycopg.connect(database) as connection:
        connection.execute(
            "INSERT INTO dead_letter (partition, entry_ms, entry_seq, position, website_id, reason, error, payload)"
            " VALUES (0, 1, 0, %s, %s, 'invalid', 'no', %s)",
            (position, website_id, payload),
        )


def letter(*visitors: tuple[str, str | None], website_id: str = SITE) -> bytes:
    events = [Event(website_id, uuid4(), NOW, visitor, previous) for visitor, previous in visitors]
    return encode_envelope(Envelope(1, NOW, None, "", False, events))


@pytest.mark.rule("N6")
@pytest.mark.parametrize("prepare", [leave, refresh, pack], ids=["dirty", "rolled up", "packed"])
async def test_no_table_knows_an_erased_visitor(database: str, prepare: Callable[[str], None]) -> None:
    store(database, visits(ERASED, 0) + visits(STAYING, 0))
    drop_raw_events(database)
    store(database, visits(ERASED, 3) + visits(STAYING, 3))
    bury(database, SITE, 1, letter((ERASED, None)))
    bury(database, SITE, 2, letter(("today", ERASED), (STAYING, None)))
    bury(database, None, 3, b'half of {"website_id":"site-123","visitor_id":"' + ERASED.encode() + b'"')
    bury(database, SITE, 4, letter((STAYING, None)))
    prepare(database)
    before = tables_with(database, *MARKS)

    async with serving(database) as client:
        answer = await client.delete(VISITOR)
        again = await client.delete(VISITOR)
    at_once = tables_with(database, *MARKS)
    refresh(database)

    assert {"events", "rollup_sessions", "dead_letter", "session_facts"} <= before
    assert answer.json() == {"website_id": SITE, "events": 5, "rolled_up_rows": 3, "dead_letters": 3}
    assert again.json() == {"website_id": SITE, "events": 0, "rolled_up_rows": 0, "dead_letters": 0}
    # Until it is rolled up again the rollup itself still has it, and nobody reads that.
    assert at_once <= {"rollup_sessions", "session_rows", "listed_sessions"} | {
        name for name in at_once if name.startswith("_")
    }
    assert tables_with(database, *MARKS) == set()
    assert {"events", "dead_letter"} <= tables_with(database, STAYING)


@pytest.mark.rule("N6")
@pytest.mark.rule("R34")
async def test_numbers_without_the_visitor_are_those_of_the_others(database: str) -> None:
    store(database, visits(ERASED, 0) + visits(STAYING, 0))
    drop_raw_events(database)
    store(database, visits(ERASED, 3) + visits(STAYING, 3))
    alone = {
        "page_views": 3,
        "unique_visitors": 1,
        "sessions": 2,
        "events": 1,
        "bounce_rate": 0,
        "avg_session_time": 645,
    }

    async with serving(database) as client:
        await client.delete(VISITOR)
        old, new = [(await client.get(DASHBOARD, params=day)).json()["metrics"] for day in (OLD_DAY, NEW_DAY)]
        old_list, new_list = [
            (await client.get(f"{DASHBOARD}/sources", params=day)).json() for day in (OLD_DAY, NEW_DAY)
        ]
    refresh(database)
    async with serving(database) as client:
        rolled_up = (await client.get(DASHBOARD, params=NEW_DAY)).json()["metrics"]
        rolled_up_list = (await client.get(f"{DASHBOARD}/sources", params=NEW_DAY)).json()

    assert {name: old[name] for name in alone} == alone
    assert {name: new[name] for name in alone} == alone
    assert rolled_up == new
    assert old_list["data"] == new_list["data"] == rolled_up_list["data"]
    assert [(row["source"], row["page_views"], row["sessions"]) for row in old_list["data"]] == [
        ("Google", 2, 1),
        ("Direct / None", 1, 1),
    ]
    assert {row["percentage"] for row in old_list["data"]} == {100}


@pytest.mark.rule("N6")
async def test_what_is_counted_without_telling_visitors_apart_forgets_the_visitor_too(database: str) -> None:
    store(database, visits(ERASED, 0) + visits(STAYING, 0))
    drop_raw_events(database)

    async with serving(database) as client:
        await client.delete(VISITOR)
        series = f"/api/v1/analytics/timeseries/{SITE}"
        totals = (await client.get(series, params={**OLD_DAY, "metrics": "page_views,events"})).json()["totals"]

    assert (totals["page_views"], totals["events"]) == (3, 1)


@pytest.mark.rule("N6")
@pytest.mark.rule("R12")
async def test_a_session_that_goes_on_under_another_id_begins_with_what_is_left_of_it(database: str) -> None:
    store(
        database,
        [
            Hit(at=at("23:50:00"), visitor=ERASED, session="s", page="/a", attributes=GOOGLE),
            Hit(at=at("23:58:00"), visitor=ERASED, session="s", page="/b"),
            Hit(at=at("00:10:00", 1), visitor=STAYING, session="s", page="/c"),
            Hit(at=at("00:20:00", 1), visitor=STAYING, session="s", page="/d"),
        ],
    )
    refresh(database)

    async with serving(database) as client:
        await client.delete(VISITOR)
        first = (await client.get(DASHBOARD, params=OLD_DAY)).json()["metrics"]
        second = (await client.get(DASHBOARD, params={"from": "2026-03-03", "to": "2026-03-03"})).json()["metrics"]
        sources = (await client.get(f"{DASHBOARD}/sources", params={"from": "2026-03-03", "to": "2026-03-03"})).json()
    with psycopg.connect(database) as connection:
        starts = connection.execute("SELECT DISTINCT session_started_at FROM events").fetchall()
        wrong = differences(connection)

    assert (first["page_views"], first["sessions"]) == (0, 0)
    assert (second["page_views"], second["sessions"], second["avg_session_time"]) == (2, 1, 600)
    assert [row["source"] for row in sources["data"]] == ["Google"]
    assert (starts, wrong) == ([(at("00:10:00", 1),)], [])


@pytest.mark.rule("N6")
async def test_a_session_that_began_on_a_dropped_day_keeps_its_start(database: str) -> None:
    store(database, [Hit(at=at("23:50:00"), visitor=STAYING, session="s", page="/a")])
    drop_raw_events(database)
    late = [
        Hit(at=at("00:10:00", 1), visitor=ERASED, session="s", own={"session_started_at": at("23:50:00")}),
        Hit(at=at("00:20:00", 1), visitor=STAYING, session="s", own={"session_started_at": at("23:50:00")}),
    ]
    store(database, late)

    async with serving(database) as client:
        await client.delete(VISITOR)
        both = (await client.get(DASHBOARD, params={"from": "2026-03-02", "to": "2026-03-03"})).json()["metrics"]

    assert (both["page_views"], both["sessions"], both["avg_session_time"]) == (2, 1, 1800)


@pytest.mark.rule("N6")
async def test_the_same_id_of_another_website_stays(database: str) -> None:
    store(database, [Hit(at=at("10:00:00"), visitor=ERASED, website_id=name) for name in (SITE, "other")])
    bury(database, "other", 1, letter((ERASED, None), website_id="other"))
    bury(database, None, 2, letter((ERASED, None), website_id="other"))

    async with serving(database) as client:
        erased = (await client.delete(VISITOR)).json()
    with psycopg.connect(database) as connection:
        left = connection.execute("SELECT website_id, visitor_id FROM events").fetchall()
        letters = connection.execute("SELECT count(*) FROM dead_letter").fetchone()

    assert (erased["events"], erased["dead_letters"]) == (1, 0)
    assert (left, letters) == ([("other", ERASED)], (2,))


@pytest.mark.rule("N6")
@pytest.mark.parametrize(
    "visitor_id",
    ["a/b", "50%", "Zo\u00eb \u4e2d", 'q"\\q', "x" * 255],
    ids=["slash", "percent", "script", "quote", "long"],
)
async def test_any_id_that_can_be_sent_can_be_erased(database: str, visitor_id: str) -> None:
    store(database, [Hit(at=at("10:00:00"), visitor=visitor_id)])
    bury(database, SITE, 1, letter((visitor_id, None)))

    async with serving(database) as client:
        erased = (await client.delete(f"/api/v1/websites/{SITE}/visitors/{quote(visitor_id)}")).json()

    assert (erased["events"], erased["dead_letters"]) == (1, 1)


@pytest.mark.rule("N6")
@pytest.mark.rule("R63")
async def test_only_who_manages_the_website_erases(database: str) -> None:
    store(database, [Hit(at=at("10:00:00"), visitor=ERASED)])

    async with serving(database) as client:
        answers = [
            await client.delete(VISITOR, headers=bearer(database, "editor", (SITE,))),
            await client.delete(VISITOR, headers=bearer(database, "owner", ("other",))),
            await client.delete(VISITOR, headers={"authorization": ""}),
            await client.delete(VISITOR, params={"dry_run": "true"}),
            await client.delete(f"/api/v1/websites/{SITE}/visitors/{'x' * 256}"),
            await client.get(VISITOR),
        ]
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM events").fetchone() == (1,)

    assert [answer.status_code for answer in answers] == [403, 404, 401, 400, 422, 405]


@pytest.mark.rule("N1")
async def test_a_website_is_deleted_with_everything_that_is_stored_of_it(database: str) -> None:
    def hits(day: int) -> list[Hit]:
        return [
            Hit(
                at=one.at,
                visitor=one.visitor,
                session=one.session,
                website_id=name,
                page=one.page,
                event_type=one.event_type,
            )
            for name in ("shop-to-go", "other")
            for one in visits(ERASED, day)
        ]

    store(database, hits(0))
    drop_raw_events(database)
    store(database, hits(3))
    bury(database, "shop-to-go", 1, letter((ERASED, None), website_id="shop-to-go"))
    async with serving(database) as client:
        answer = await client.delete("/api/v1/websites/shop-to-go", params={"purge": "true"})
        metrics = [
            (await client.get("/api/v1/analytics/dashboard/other", params=day)).json()["metrics"]
            for day in (OLD_DAY, NEW_DAY)
        ]
    refresh(database)

    assert (answer.status_code, answer.headers.get("x-analytics-notice")) == (204, None)
    assert tables_with(database, "shop-to-go") == set()
    assert [one["page_views"] for one in metrics] == [3, 3]
