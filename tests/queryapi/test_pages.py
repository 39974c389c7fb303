"""The pages report against the golden vector."""

from itertools import count

import pytest

from tests.model.stored import in_sample
from tests.queryapi.rig import SITE, Hit, at, running, settings_for, store, vector

DAY_1 = "from=2026-03-02&to=2026-03-02"


@pytest.mark.rule("G4")
@pytest.mark.rule("R24")
@pytest.mark.rule("R28")
@pytest.mark.rule("R29")
@pytest.mark.rule("R32")
async def test_pages_of_day_one_are_the_golden_ones(database: str) -> None:
    store(database, vector())

    async with running(settings_for(database)) as api:
        body = await api.read(f"dashboard/{SITE}/pages", DAY_1)

    pages = {row.pop("page"): row for row in body["data"]}
    assert list(pages) == ["/a", "/b", "/c"]
    assert pages["/a"] == {
        "views": 3, "unique": 3, "sessions": 3, "entries": 3, "exits": 1, "bounce_rate": 33.33, "avg_time": 16,
        "exit_rate": 33.33, "percentage": 100.0,
    }  # fmt: skip
    assert pages["/b"] == {
        "views": 1, "unique": 1, "sessions": 1, "entries": 0, "exits": 0, "exit_rate": 0.0, "percentage": 33.33,
    }  # fmt: skip
    assert pages["/c"] == {
        "views": 1, "unique": 1, "sessions": 1, "entries": 0, "exits": 1, "exit_rate": 100.0, "percentage": 33.33,
    }  # fmt: skip
    assert (body["total"], body["limit"], body["offset"], body["meta"]["source"]) == (3, 10, 0, "raw")


@pytest.mark.rule("R28")
async def test_without_engagement_time_is_the_gap_to_the_next_view(database: str) -> None:
    store(
        database,
        [
            Hit(at=at("10:00:00"), page="/a"),
            Hit(at=at("10:00:02"), page="/a", event_type="performance"),
            Hit(at=at("10:01:00"), page="/b"),
            Hit(at=at("10:02:30"), page="/a"),
            Hit(at=at("20:00:00"), page="/c"),
        ],
    )

    async with running(settings_for(database)) as api:
        rows = (await api.read(f"dashboard/{SITE}/pages", DAY_1))["data"]

    # /a: 60 s, and more than half an hour, which counts as half an hour.
    assert {row["page"]: row.get("avg_time") for row in rows} == {"/a": 930, "/b": 90, "/c": None}


@pytest.mark.rule("R30")
async def test_scroll_depth_is_the_mean_of_the_deepest(database: str) -> None:
    hits = [
        Hit(at=at("10:00:00"), page="/a"),
        *[Hit(at=at(f"10:00:1{n}"), event_type="engagement", scroll_depth=depth) for n, depth in enumerate((20, 80))],
        Hit(at=at("10:00:00"), session="s2", visitor="v2"),
        Hit(at=at("10:00:05"), session="s2", visitor="v2", event_type="engagement", scroll_depth=41),
    ]
    store(database, hits)

    async with running(settings_for(database)) as api:
        rows = (await api.read(f"dashboard/{SITE}/pages", DAY_1))["data"]

    assert rows[0]["scroll_depth"] == 61


VIEWS: dict[str, tuple[str, list[tuple[str, int]]]] = {
    "entry": ("view=entry", [("/docs/a", 2), ("/blog", 1)]),
    "exit": ("view=exit", [("/docs/b", 2), ("/blog", 1)]),
    "section": ("view=section", [("/docs", 4), ("/blog", 1)]),
    "section of two": ("view=section&depth=2", [("/docs/a", 2), ("/docs/b", 2), ("/blog", 1)]),
    "title": ("view=title", [("Docs", 2)]),
    "hostname": ("view=hostname", [("example.org", 5)]),
    "search": ("search=DOCS/B", [("/docs/b", 2)]),
    "ascending": ("sort=page&limit=1", [("/blog", 1)]),
    "second page": ("limit=1&offset=1", [("/docs/b", 2)]),
    "filtered": ("page=/blog", [("/blog", 1)]),
    "of a session": ("hostname=example.com", []),
}


@pytest.mark.rule("R65")
@pytest.mark.parametrize(("query", "expected"), VIEWS.values(), ids=VIEWS)
async def test_a_view_tells_pages_apart(database: str, query: str, expected: list[tuple[str, int]]) -> None:
    host = {"hostname": "example.org"}
    hits = [Hit(at=at("10:00:00"), visitor="c", session="c", page="/blog", attributes=host)]
    for name in ("a", "b"):
        hits.append(Hit(at=at("10:00:00"), visitor=name, session=name, page="/docs/a", title="Docs", attributes=host))
        hits.append(Hit(at=at("10:01:00"), visitor=name, session=name, page="/docs/b"))
    store(database, hits)

    async with running(settings_for(database)) as api:
        rows = (await api.read(f"{SITE}/top-pages", f"{DAY_1}&{query}"))["data"]

    counted = {"view=entry": "entries", "view=exit": "exits"}.get(query, "views")
    assert [(next(iter(row.values())), row[counted]) for row in rows] == expected


@pytest.mark.rule("R12")
async def test_session_is_of_the_sample_that_its_beginning_is_in(database: str) -> None:
    """It went on under another id at midnight: counted where it began alone, each session is as likely as any other."""
    inside = next(name for name in map(str, count()) if in_sample(SITE, name, 16))
    outside = next(name for name in map(str, count()) if not in_sample(SITE, name, 16))
    hits = [
        Hit(at=at(clock, day), visitor=visitor, session=session, page=page)
        for session, first, second in (("begun", inside, outside), ("gone-on", outside, inside))
        for clock, day, visitor, page in (
            ("23:58:00", 0, first, f"/{session}/first"),
            ("00:02:00", 1, second, f"/{session}/last"),
        )
    ]
    store(database, hits)

    async with running(settings_for(database, EXACT_UP_TO="1")) as api:
        body = await api.read(f"dashboard/{SITE}/pages", "from=2026-03-02&to=2026-03-03")

    assert {row["page"]: (row["views"], row["entries"], row["exits"]) for row in body["data"]} == {
        "/begun/first": (16, 16, 16),
        "/gone-on/last": (16, 0, 0),
    }
