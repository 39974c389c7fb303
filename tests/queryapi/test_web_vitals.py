"""Web vitals: the 75th percentile that was measured, and the shares on each side of the thresholds."""

import pytest
from psycopg.types.json import Jsonb

from tests.queryapi.rig import SITE, Hit, at, running, settings_for, store

DAY_1 = "from=2026-03-02&to=2026-03-02"
PATH = f"{SITE}/performance"
NOTHING = {"p75": None, "rating": None, "samples": 0, "good": 0.0, "needs_improvement": 0.0, "poor": 0.0}


def measured(minute: int, page: str, **vitals: float) -> Hit:
    return Hit(
        at=at(f"10:{minute:02}:00"), session=f"s{page}", visitor=page, page=page, event_type="performance",
        own={"performance": Jsonb(vitals)}, attributes={"country": "DE" if page == "/" else "FR"},
    )  # fmt: skip


def loads() -> list[Hit]:
    """Eight page loads of two pages, one by a robot; and a page view that measured nothing."""
    return [
        measured(1, "/", lcp=2500, cls=0.1, ttfb=100.4),
        measured(2, "/", lcp=2500.1, cls=0.1004),
        measured(3, "/", lcp=4000, inp=201),
        measured(4, "/", lcp=4000.5, fcp=3001),
        measured(5, "/b", lcp=100),
        measured(6, "/b", lcp=200),
        measured(7, "/b", load=9),
        Hit(at=at("11:00:00"), session="bot", visitor="bot", is_bot=True, event_type="performance",
            own={"performance": Jsonb({"lcp": 60_000})}),
        Hit(at=at("11:30:00"), page="/c"),
    ]  # fmt: skip


@pytest.mark.rule("N4")
@pytest.mark.rule("C30")
async def test_vitals_are_told_with_their_shares(database: str) -> None:
    store(database, loads())

    async with running(settings_for(database)) as api:
        body = await api.read(PATH, DAY_1)

    assert body["samples"] == 7
    shares = {"good": 50.0, "needs_improvement": 33.33, "poor": 16.67}
    assert body["lcp"] == {"p75": 4000, "rating": "needs_improvement", "samples": 6, **shares}
    shares = {"good": 50.0, "needs_improvement": 50.0, "poor": 0.0}
    assert body["cls"] == {"p75": 0.1, "rating": "needs_improvement", "samples": 2, **shares}
    assert (body["ttfb"]["p75"], body["ttfb"]["rating"]) == (100, "good")
    assert (body["inp"]["rating"], body["fcp"]["rating"]) == ("needs_improvement", "poor")
    assert body["meta"]["source"] == "raw"


@pytest.mark.rule("N4")
@pytest.mark.rule("R65")
async def test_vitals_are_listed_by_page(database: str) -> None:
    store(database, loads())

    async with running(settings_for(database)) as api:
        pages = await api.read(PATH, f"{DAY_1}&group=page")
        fastest = await api.read(PATH, f"{DAY_1}&group=page&sort=lcp&limit=1")
        named = await api.read(PATH, f"{DAY_1}&group=page&sort=-page")
        found = await api.read(PATH, f"{DAY_1}&group=page&search=B")

    rows = [(row["page"], row["samples"], row["lcp"]["p75"], row["lcp"]["samples"]) for row in pages["data"]]
    assert rows == [("/", 4, 4000, 4), ("/b", 3, 200, 2)]
    assert pages["data"][1]["inp"] == NOTHING
    assert ([row["page"] for row in fastest["data"]], fastest["total"]) == (["/b"], 2)
    assert [row["page"] for row in named["data"]] == ["/b", "/"]
    assert ([row["page"] for row in found["data"]], found["total"]) == (["/b"], 1)


@pytest.mark.rule("R9")
@pytest.mark.rule("R64")
@pytest.mark.parametrize(
    ("query", "samples"),
    [("country=DE", 4), ("page=/b", 3), ("page=/c", 0), ("include_bots=true", 8), ("country=US", 0)],
)
async def test_filters_pick_page_loads(database: str, query: str, samples: int) -> None:
    store(database, loads())

    async with running(settings_for(database)) as api:
        body = await api.read(PATH, f"{DAY_1}&{query}")

    assert body["samples"] == samples
    assert samples or body["lcp"] == NOTHING


@pytest.mark.rule("R64")
@pytest.mark.parametrize(
    "query", ["limit=5", "sort=lcp", "event_type=pageview", "group=country", "group=page&sort=load"]
)
async def test_what_vitals_do_not_have_is_refused(database: str, query: str) -> None:
    store(database, loads())

    async with running(settings_for(database)) as api:
        reply = await api.get(f"/api/v1/analytics/{PATH}", query)

    assert reply.status == 400
