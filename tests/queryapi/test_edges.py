"""Numbers at the edges of what defines them, where random traffic seldom is. Each case is a website of its own."""

from dataclasses import replace
from datetime import timedelta

import pytest
from psycopg.types.json import Jsonb

from tests.queryapi.edges import Case, column, expected, filters, metric, page, silent, told
from tests.queryapi.rig import DAY, NOW, Hit, at

DAY_1 = "from=2026-03-02&to=2026-03-02&compare=none"
DAY_2 = "from=2026-03-03&to=2026-03-03&compare=none"
# No whole quarter of an hour: single events tell.
MINUTES = "from=2026-03-02T10:01:00Z&to=2026-03-02T10:09:00Z&compare=none"
DASHBOARD, PAGES, RECENT = "analytics/dashboard/{}", "analytics/{}/top-pages", "events/{}/recent"
MIDNIGHT = DAY + timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)
HALF_HOUR = timedelta(minutes=30)
# The first of those that the live view shows.
MINUTE = NOW.replace(second=0, microsecond=0) - timedelta(minutes=29)
# Of one session that goes on after midnight: what a day tells of it.
OVERNIGHT = [Hit(at=at("20:00:00"), page="/in"), Hit(at=at("00:30:00", 1), page="/out")]
CASES: dict[str, Case] = {
    "a view at the end of the range is no exit in it": Case(
        [Hit(at=at("23:50:00")), Hit(at=MIDNIGHT)], PAGES, DAY_1, page("/a", "exits"), 0
    ),
    "a view at the beginning of the range is an exit in it": Case(
        [Hit(at=at("23:50:00")), Hit(at=MIDNIGHT)], PAGES, DAY_2, page("/a", "exits"), 1
    ),
    "more exits than views that are picked are all of them": Case(
        [
            hit
            for name in ("s1", "s2")
            for hit in (
                Hit(at=at("10:00:00"), session=name, properties={"plan": "pro"}, page="/a" if name == "s1" else "/b"),
                Hit(at=at("10:01:00"), session=name, page="/a"),
            )
        ],
        PAGES,
        f"{DAY_1}&prop:plan=pro",
        page("/a", "exit_rate"),
        100.0,
    ),
    "a gap after the range is none of its pages": Case(
        [Hit(at=at("23:59:00")), Hit(at=at("23:59:10"), page="/b"), Hit(at=MIDNIGHT), Hit(at=at("00:05:00", 1))],
        PAGES,
        DAY_1,
        page("/a", "avg_time"),
        10,
    ),
    "a gap is half an hour at most": Case(
        [Hit(at=at("10:00:00")), Hit(at=at("10:30:01"), page="/b")], PAGES, DAY_1, page("/a", "avg_time"), 1800
    ),
    "who spent time on a page without a view of it did not visit it": Case(
        [
            Hit(at=at("10:00:00")),
            Hit(at=at("10:00:00"), visitor="v2", session="s2", page="/b"),
            replace(silent("engagement", visitor="v2", session="s2", engaged_ms=1), page="/a"),
        ],
        PAGES,
        DAY_1,
        lambda body: [page("/a", name)(body) for name in ("views", "sessions", "unique")],
        [1, 1, 1],
    ),
    "a session with two visitor ids scrolled as deep as either": Case(
        [
            Hit(at=at("10:00:00")),
            *(
                replace(silent("engagement", visitor=visitor, scroll_depth=depth), page="/a")
                for visitor, depth in (("v1", 20), ("v2", 80))
            ),
        ],
        PAGES,
        DAY_1,
        page("/a", "scroll_depth"),
        80,
    ),
    "time spent on pages that are not picked is none of their section's": Case(
        [
            *(Hit(at=at("10:00:00"), page=f"/docs/{name}") for name in "ab"),
            replace(silent("engagement", engaged_ms=4000), page="/docs/a"),
            replace(silent("engagement", engaged_ms=9000), page="/docs/b"),
        ],
        PAGES,
        f"{DAY_1}&view=section&page=/docs/a",
        column("avg_time"),
        [4],
    ),
    "all there is begins on the day of the zone": Case(
        [Hit(at=at("20:00:00"))],
        DASHBOARD,
        "period=all&timezone=Asia/Kolkata&compare=none",
        lambda body: body["range"]["from"],
        "2026-03-03T00:00:00+05:30",
    ),
    "the live view begins with a minute, and ends now": Case(
        [Hit(at=moment) for moment in (NOW - HALF_HOUR, MINUTE - MICROSECOND, MINUTE, NOW, NOW + MICROSECOND)],
        "analytics/{}/realtime",
        "",
        lambda body: [
            body["series_30m"][0]["page_views"],
            body["series_30m"][-1]["page_views"],
            body["top_pages_realtime"][0]["views"],
        ],
        [1, 1, 3],
    ),
    "engagement between quarters is no event": Case(
        [silent("engagement", engaged_ms=1)], DASHBOARD, MINUTES, metric("events"), 0
    ),
    "identification between quarters is no event": Case([silent("identify")], DASHBOARD, MINUTES, metric("events"), 0),
    "who was identified alone visited nothing": Case(
        [silent("identify")], DASHBOARD, DAY_1, metric("unique_visitors"), 0
    ),
    "the website itself refers nobody, whatever a tag says": Case(
        [
            Hit(
                at=at("10:00:00"),
                attributes={"hostname": "a.example", "referrer": "https://a.example/x", "source": "letter"},
            )
        ],
        "analytics/{}/top-referrers",
        DAY_1,
        column("referrer"),
        [],
    ),
    "what was done before the range was not done in it": Case(
        OVERNIGHT, DASHBOARD, f"{DAY_2}&{filters(['has_done', ['is', 'page', ['/in']]])}", metric("page_views"), 0
    ),
    "what was done as the range ended was not done in it": Case(
        [Hit(at=at("23:50:00")), Hit(at=MIDNIGHT, page="/b")],
        DASHBOARD,
        f"{DAY_1}&{filters(['has_done', ['is', 'page', ['/b']]])}",
        metric("page_views"),
        0,
    ),
    "time spent on a page is no visit that was done": Case(
        [Hit(at=at("10:00:00")), replace(silent("engagement", engaged_ms=1), page="/b")],
        DASHBOARD,
        f"{DAY_1}&{filters(['has_done', ['is', 'page', ['/b']]])}",
        metric("sessions"),
        0,
    ),
    "what is no engagement is a visit": Case(
        [Hit(at=at("10:00:00")), silent("engagement", engaged_ms=1), silent("performance")],
        RECENT,
        f"{DAY_1}&{filters(['is_not', 'event_type', ['engagement']])}",
        column("event_type"),
        ["pageview"],
    ),
    "what is not no engagement is engagement": Case(
        [Hit(at=at("10:00:00")), silent("engagement", engaged_ms=1), silent("performance")],
        RECENT,
        f"{DAY_1}&{filters(['not', ['is_not', 'event_type', ['engagement']]])}",
        column("event_type"),
        ["engagement"],
    ),
    "a session is entered where it began, also the day before": Case(
        OVERNIGHT, DASHBOARD, f"{DAY_2}&entry_page=/in", metric("page_views"), 1
    ),
    "a session is left where it ended, also the day after": Case(
        OVERNIGHT, DASHBOARD, f"{DAY_1}&exit_page=/out", metric("page_views"), 1
    ),
    "a session is measured whole, also the day after": Case(
        [*OVERNIGHT, Hit(at=at("19:59:00", 1), page="/late")], DASHBOARD, DAY_1, metric("avg_session_time"), 86_340
    ),
    "a session that filters pick is as well": Case(
        [
            Hit(at=at("20:00:00"), attributes={"country": "DE"}),
            Hit(at=at("19:59:00", 1), page="/late", attributes={"country": "DE"}),
        ],
        DASHBOARD,
        f"{DAY_1}&country=DE",
        metric("avg_session_time"),
        86_340,
    ),
    "a campaign may be known by its term or its content alone": Case(
        [
            Hit(at=at("10:00:00"), attributes={"utm_term": "shoes"}),
            Hit(at=at("10:00:00"), visitor="v2", session="s2", attributes={"utm_content": "footer"}),
            Hit(at=at("10:00:00"), visitor="v3", session="s3"),
        ],
        DASHBOARD,
        DAY_1,
        lambda body: [(row["utm_source"], row["utm_campaign"], row["sessions"]) for row in body["utm_performance"]],
        [(None, None, 2)],
    ),
    "who was engaged alone did not come back": Case(
        [silent("engagement", engaged_ms=1), Hit(at=at("10:05:00"), visitor="v2", session="s2")],
        "analytics/{}/retention",
        f"{MINUTES}&interval=day",
        lambda body: [row["visitors"] for row in body["data"]],
        [1],
    ),
    "of twenty loads the fifteenth is the 75th percentile": Case(
        [silent("performance", f"10:{n:02}:00", own={"performance": Jsonb({"lcp": 100 * n})}) for n in range(1, 21)],
        "analytics/{}/performance",
        DAY_1,
        lambda body: body["lcp"]["p75"],
        1500,
    ),
    "a way ends with the first view of its end": Case(
        [Hit(at=at(f"10:0{n}:00"), page=page) for n, page in enumerate(("/c", "/a", "/b", "/a"))],
        "analytics/{}/journeys",
        f"{DAY_1}&end=/a",
        column("pages"),
        [["/c", "/a"]],
    ),
    "what is five minutes old is over, what is to come is not yet": Case(
        [
            Hit(at=NOW - timedelta(seconds=300), visitor="v1"),
            Hit(at=NOW - timedelta(seconds=300) + MICROSECOND, visitor="v2"),
            Hit(at=NOW, visitor="v3"),
            Hit(at=NOW + MICROSECOND, visitor="v4"),
            Hit(at=NOW - timedelta(seconds=1800), visitor="v5"),
            Hit(at=NOW - timedelta(seconds=3600), visitor="v6"),
            Hit(at=NOW, visitor="v7", event_type="identify"),
            Hit(at=NOW, visitor="v8", event_type="performance"),
        ],
        "analytics/{}/realtime",
        "",
        lambda body: [
            body[name] for name in ("current_visitors", "active_users", "page_views_last_5m", "page_views_last_1h")
        ],
        [2, 3, 2, 4],
    ),
}  # fmt: skip


@pytest.mark.rule("R20")
@pytest.mark.rule("R28")
@pytest.mark.rule("R29")
@pytest.mark.rule("R34")
@pytest.mark.rule("R39")
@pytest.mark.rule("R44")
@pytest.mark.parametrize("is_rolled_up", [True, False], ids=["rolled up", "dirty"])
async def test_numbers_hold_at_their_edges(database: str, *, is_rolled_up: bool) -> None:
    assert await told(database, CASES, is_rolled_up=is_rolled_up) == expected(CASES)
