"""The filter grammar: what it picks, on every report, and what it refuses, by name and limit."""

import json
from urllib.parse import quote

import pytest

from queryapi.routes import REPORTS
from tests.queryapi.rig import SITE, Api, Hit, at, running, settings_for, store, vector

DAY_1 = "from=2026-03-02&to=2026-03-02&compare=none"
IS_ES = ["is", "country", ["ES"]]
SIGNUP = ["is", "event_type", ["signup"]]
LONG = "v" * 2048


def nested(depth: int) -> object:
    """`depth` groups around one filter."""
    found: object = IS_ES
    for _ in range(depth):
        found = ["and", [found]]
    return [found]


# The filters as JSON, or as the very text of the parameter; the code of the 400, None where they are taken.
HOSTILE: dict[str, tuple[object, str | None]] = {
    "G4 none": ([], None),
    "G6 an object": ({}, "invalid_type"),
    "a number": (7, "invalid_type"),
    "null": (None, "invalid_type"),
    "one filter in no list": (IS_ES, "invalid_filter"),
    "G8 no values": ([["is", "country"]], "invalid_filter"),
    "five parts": ([["is", "country", ["ES"], {}, 1]], "invalid_filter"),
    "G10 at the limit": ([IS_ES] * 20, None),
    "G10 beyond the limit": ([IS_ES] * 21, "too_many_filters"),
    "G10 beyond the limit in groups": ([["or", [IS_ES] * 11], ["or", [IS_ES] * 10]], "too_many_filters"),
    "G12": ([["is", "country", []]], "invalid_filter"),
    "values at the limit": ([["is", "browser", ["x"] * 100]], None),
    "values beyond the limit": ([["is", "browser", ["x"] * 101]], "invalid_filter"),
    "values as text": ([["is", "country", "ES"]], "invalid_type"),
    "G14": ([["is", "country", [1, 2]]], "invalid_type"),
    "value empty": ([["is", "country", [""]]], "invalid_filter"),
    "G16 at the limit": ([["is", "page", [LONG]]], None),
    "G16 beyond the limit": ([["is", "page", [LONG + "v"]]], "invalid_filter"),
    "G18 lone surrogate": (r'[["is","page",["/\ud800"]]]', None),
    "U+0000 in a value": (r'[["is","page",["/\u0000"]]]', "invalid_filter"),
    "U+0000 in a key": (r'[["is","prop:a\u0000",["b"]]]', "unknown_dimension"),
    "surrogate in a key": (r'[["is","prop:a\ud800",["b"]]]', None),
    "G20": ([["is", "page", ["'; DROP TABLE events;--"]]], None),
    "G22": ([["is", "page", ["\\x27"]]], None),
    "G24": ([["contains", "page", ["_"]]], None),
    # There are no wildcards: an asterisk is an asterisk.
    "G26": ([["is", "page", ["*"]]], None),
    "G28": ([["is", "page", ["(a+)+$"]]], None),
    "G30": ([["is", "page", ["<script>"]]], None),
    "G32": ([["is", "city", ["\U0001f389", "\u6771\u4eac", "\u05ea\u05dc"]]], None),
    "G34": ([["is", "country", ["es"]]], None),
    # Bots are asked for with include_bots.
    "G36": ([["is", "is_bot", ["true"]]], "unknown_dimension"),
    "G38": ([[">=", "time_on_page", ["abc"]]], "unknown_operator"),
    "G40": ([["is", "time_on_page", ["-1"]]], "unknown_dimension"),
    "G42": ([["is", "planet", ["x"]]], "unknown_dimension"),
    "G44": ([["is", "country; --", ["x"]]], "unknown_dimension"),
    "G46": ([["is", "COUNTRY", ["x"]]], "unknown_dimension"),
    "G48 proto": ([["is", "__proto__", ["x"]]], "unknown_dimension"),
    "G48 constructor": ([["is", "constructor", ["x"]]], "unknown_dimension"),
    "G50": ([["is", "count(*)", ["x"]]], "unknown_dimension"),
    "ours alone": ([["is", "has_utm", ["true"]]], "unknown_dimension"),
    "G52": ([["is", "prop:plan", ["x"]]], None),
    "G54": ([["is", "prop:a->b", ["x"]]], None),
    "no key": ([["is", "prop:", ["x"]]], "unknown_dimension"),
    "G56 at the limit": ([["is", "prop:" + "k" * 128, ["x"]]], None),
    "G56 beyond the limit": ([["is", "prop:" + "k" * 129, ["x"]]], "unknown_dimension"),
    "G58": ([["is", f"prop:{number}", ["x"]] for number in range(25)], "too_many_filters"),
    # A range is read whatever is looked for in it: one letter costs what three do.
    "G60": ([["contains", "page", ["a"]]], None),
    "G62": ([["equals", "country", ["ES"]]], "unknown_operator"),
    "G64": ([["=~", "country", ["ES"]]], "unknown_operator"),
    "operator of another type": ([[1, "country", ["ES"]]], "invalid_filter"),
    "G66": ([["is_not", "city", ["Berlin"]]], None),
    "G68": ([["matches", "page", ["^/a"]]], None),
    "pattern at the limit": ([["matches", "page", ["a" * 500]]], None),
    "pattern beyond the limit": ([["matches", "page", ["a" * 501]]], "invalid_filter"),
    "pattern not balanced": ([["matches", "page", ["(a"]]], "invalid_pattern"),
    "pattern not balanced inside": ([["not", ["matches_not", "page", ["[a"]]]], "invalid_pattern"),
    "pattern too complex": ([["matches", "page", ["((((a{1,99}){1,99}){1,99}){1,99}){1,99}"]]], "invalid_pattern"),
    "G70 at the limit": (nested(3), None),
    "G70 beyond the limit": (nested(4), "too_deep"),
    "G70 far beyond the limit": ("[" * 200 + "]" * 200, "invalid_filter"),
    "G72": ([["not", ["not", IS_ES]]], None),
    "group empty": ([["or", []]], "invalid_filter"),
    "group of no list": ([["and", "x"]], "invalid_type"),
    "not with two": ([["not", IS_ES, IS_ES]], "invalid_filter"),
    "done inside done": ([["has_done", ["not", ["has_not_done", IS_ES]]]], "invalid_filter"),
    "G74": ([["or", [IS_ES, ["is", "website_id", ["other"]]]]], "unknown_dimension"),
    "G76": ([IS_ES, IS_ES], None),
    "G84": (quote('[["is","country",["ES"]]]'), "invalid_json"),
    "not JSON": ("[[", "invalid_json"),
    "a number that is none": ("[NaN]", "invalid_json"),
    "G86": ([["is", "page", ["x" * 2000] * 5]], "invalid_parameter"),
    "options of another type": ([[*IS_ES, True]], "invalid_type"),
    "option unknown": ([[*IS_ES, {"case": True}]], "unknown_field"),
    "option of another type": ([[*IS_ES, {"case_sensitive": "no"}]], "invalid_type"),
    "G2 another syntax": ("", "invalid_parameter"),
}  # fmt: skip


def parameter(filters: object) -> str:
    return "filters=" + quote(filters if isinstance(filters, str) else json.dumps(filters))


@pytest.mark.rule("R64")
@pytest.mark.rule("N3")
async def test_hostile_filters_are_refused_by_name_or_taken_literally(database: str) -> None:
    store(database, vector())

    async with running(settings_for(database)) as api:
        for name, (filters, code) in HOSTILE.items():
            reply = await api.get(f"/api/v1/analytics/dashboard/{SITE}", f"{DAY_1}&{parameter(filters)}")
            assert reply.status == (200 if code is None else 400), (name, reply.payload)
            if code is not None:
                assert set(reply.body) == {"error", "code", "details", "request_id"}, name
                assert (reply.body["code"], reply.body["error"][:7]) == (code, "filters"), (name, reply.body)


@pytest.mark.rule("R64")
async def test_a_refused_filter_is_named_by_its_place(database: str) -> None:
    store(database, vector())
    misspelt = [["or", [IS_ES, ["not", ["is", "contry", ["ES"]]]]]]

    async with running(settings_for(database)) as api:
        reply = await api.get(f"/api/v1/analytics/dashboard/{SITE}", parameter(misspelt))

    assert reply.body["details"] == {"field": "filters[0][1][1][1][1]"}
    assert "country" in reply.body["error"]


# On day 1: page views, sessions.
PICKED: dict[str, tuple[list[object], int, int]] = {
    "everything": ([], 5, 4),
    "of a source": ([["is", "source", ["Google"]]], 3, 1),
    "of no source": ([["is", "source", ["Direct / None"]]], 2, 3),
    "not of a source": ([["is_not", "source", ["Google"]]], 2, 3),
    "case does not matter": ([["is", "source", ["gOOGLE"], {"case_sensitive": False}]], 3, 1),
    "case matters": ([["is", "source", ["gOOGLE"]]], 0, 0),
    "a part in any case": ([["contains", "source", ["OOG"], {"case_sensitive": False}]], 3, 1),
    "a part in this case": ([["contains", "source", ["OOG"]]], 0, 0),
    "a pattern in any case": ([["matches", "source", ["^gO+GLE$"], {"case_sensitive": False}]], 3, 1),
    "a pattern in this case": ([["matches", "source", ["^gO+GLE$"]]], 0, 0),
    "not a pattern in any case": ([["matches_not", "source", ["^gO+GLE$"], {"case_sensitive": False}]], 2, 3),
    "one of two": ([["is", "source", ["Google", "Direct / None"]]], 5, 4),
    "a page": ([["is", "page", ["/b"]]], 1, 1),
    "a page by a part": ([["contains", "page", ["c"]]], 1, 2),
    "a page by a pattern": ([["matches", "page", ["^/[bc]$"]]], 2, 2),
    "another page": ([["is_not", "page", ["/a"]]], 2, 2),
    "one event meets both": ([["is", "page", ["/c"]], ["is", "event_type", ["signup"]]], 0, 1),
    "one event meets one and not the other": ([["and", [["is", "page", ["/a"]], SIGNUP]]], 0, 0),
    "a session attribute or an event": ([["or", [["is", "source", ["Google"]], SIGNUP]]], 3, 2),
    "done": ([["has_done", ["is", "page", ["/b"]]]], 3, 1),
    "not done": ([["has_not_done", ["is", "page", ["/b"]]]], 2, 3),
    "done one and another": ([["has_done", ["is", "page", ["/b"]]], ["has_done", ["is", "page", ["/c"]]]], 3, 1),
    "done and a page": ([["has_done", ["is", "page", ["/b"]]], ["is", "page", ["/c"]]], 1, 1),
    "entered": ([["is", "entry_page", ["/a"]]], 5, 3),
    "no page was entered": ([["is", "entry_page", ["(not set)"]]], 0, 1),
    "left elsewhere": ([["not", ["is", "exit_page", ["/c"]]]], 2, 3),
    "entered or from a source": ([["or", [["is", "entry_page", ["(not set)"]], ["is", "source", ["Google"]]]]], 3, 2),
    "silent events by their name": ([["is", "event_type", ["engagement"]]], 0, 1),
    "silent events not by another": ([["is_not", "event_type", ["pageview", "signup"]]], 0, 0),
    "without the property": ([["is", "prop:plan", ["(none)"]]], 5, 4),
}  # fmt: skip


@pytest.mark.rule("R34")
@pytest.mark.rule("G20")
async def test_filters_pick_sessions_and_events(database: str) -> None:
    store(database, vector())

    async with running(settings_for(database)) as api:
        found = {name: await totals(api, filters) for name, (filters, _, _) in PICKED.items()}

    assert found == {name: (views, sessions) for name, (_, views, sessions) in PICKED.items()}


async def totals(api: Api, filters: list[object]) -> tuple[int, int]:
    metrics = (await api.read(f"dashboard/{SITE}", f"{DAY_1}&{parameter(filters)}"))["metrics"]
    return metrics["page_views"], metrics["sessions"]


@pytest.mark.rule("R34")
@pytest.mark.rule("R64")
async def test_every_report_takes_the_filters(database: str) -> None:
    """What the short parameter picks the grammar picks, together with it, and nothing where they exclude each other."""
    store(database, vector())
    same, other = parameter([["is", "source", ["Google"]]]), parameter([["is_not", "source", ["Google"]]])
    paths = [path for path, report in REPORTS if "filters" in report.scalars]
    paths += ["/api/v1/events/{website_id}/recent", "/api/v1/events/{website_id}/custom-events"]
    paths += ["/api/v1/analytics/{website_id}/sessions"]

    async with running(settings_for(database), lambda: at("11:10:00")) as api:
        for path in paths:
            url = path.format(website_id=SITE)
            queries = ("", "source=Google", f"source=Google&{same}", f"source=Google&{other}")
            everything, short, both, neither = [await api.get(url, query) for query in queries]
            assert (everything.status, both.status, neither.status) == (200, 200, 200), (path, both.payload)
            assert both.body == short.body, path
            assert neither.body != everything.body or not everything.body.get("total"), path
    assert len(paths) >= 27


@pytest.mark.rule("R34")
async def test_vitals_of_sessions_that_did_something(database: str) -> None:
    measured = {"performance": '{"lcp": 100}'}
    hits = [
        Hit(at=at("10:00:00"), session="s1"),
        Hit(at=at("10:00:01"), session="s1", event_type="performance", own=measured),
        Hit(at=at("10:00:02"), session="s1", event_type="signup"),
        Hit(at=at("10:00:00"), session="s2", visitor="v2"),
        Hit(at=at("10:00:01"), session="s2", visitor="v2", event_type="performance", own=measured),
    ]
    store(database, hits)

    async with running(settings_for(database)) as api:
        samples = [
            (await api.read(f"{SITE}/performance", f"{DAY_1}&{parameter(filters)}"))["samples"]
            for filters in ([], [["is", "event_type", ["signup"]]], [["is", "page", ["/b"]]])
        ]

    assert samples == [2, 1, 0]


@pytest.mark.rule("R33")
async def test_a_goal_is_no_part_of_what_its_rate_is_of(database: str) -> None:
    store(database, vector())
    goal = [["is", "event_type", ["signup"]], ["is", "page", ["/c"]]]

    async with running(settings_for(database)) as api:
        answer = (await api.get(f"/api/v1/events/{SITE}/custom-events", f"{DAY_1}&{parameter(goal)}")).body

    # Of the one visitor of /c, not of the one who signed up there.
    assert [(row["event_type"], row["conversion_rate"]) for row in answer["data"]] == [("signup", 100.0)]


@pytest.mark.rule("R64")
async def test_a_cursor_fits_no_other_filters(database: str) -> None:
    store(database, vector())
    path = f"/api/v1/events/{SITE}/recent"
    asked = f"{DAY_1}&limit=1&{parameter([['is', 'page', ['/a']]])}"

    async with running(settings_for(database)) as api:
        cursor = (await api.get(path, asked)).body["next_cursor"]
        goes_on = await api.get(path, f"{asked}&cursor={cursor}")
        other = await api.get(path, f"{DAY_1}&{parameter([['is', 'page', ['/b']]])}&cursor={cursor}")

    assert (goes_on.status, other.status, other.body["code"]) == (200, 400, "invalid_cursor")


@pytest.mark.rule("R68")
async def test_a_pattern_that_takes_too_long_ends_alone(database: str) -> None:
    """It ends by the limit of a statement, while other questions are answered."""
    store(database, [Hit(at=at("10:00:00"), page="/" + "a" * 500 + "c" + "a" * 7)])
    # Twice the first group is even, seven is not, and there are 500**4 ways to find that out.
    catastrophe = parameter([["matches", "page", ["^/(a+)(a+)(a+)(a+)(a+)c\\1\\1$"]]])

    async with running(settings_for(database, STATEMENT_TIMEOUT="1s")) as api:
        reply = await api.get(f"/api/v1/analytics/dashboard/{SITE}", f"{DAY_1}&{catastrophe}")
        after = await totals(api, [])

    assert (reply.status, reply.body["code"], reply.headers["retry-after"]) == (503, "query_timeout", "5")
    assert after == (1, 1)
