"""The numbers of a funnel: rule by rule, and against a model that tries every chain."""

from collections.abc import Iterator, Sequence
from decimal import ROUND_HALF_UP, Decimal
from uuid import uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from queryapi.conditions import Values
from queryapi.funnel_pattern import page_condition
from queryapi.query import Filter
from queryapi.rows import Row, whole
from tests.queryapi.funnel_fixture import ask, store
from tests.queryapi.funnel_model import Happening, PlainFunnel, PlainStep, walk
from tests.services import Servers

A, B, C = PlainStep("/a"), PlainStep("/b"), PlainStep("/c")
DAY = 86_400
HOUR = 3600


@pytest.fixture(scope="module")
def shared_database(servers: Servers, flavour: str) -> Iterator[str]:
    """One database for all of these tests: each has a website of its own."""
    with servers.database(flavour).database() as url:
        yield url


def visit(*moments: tuple[int, str], visitor: str = "v", session: str = "s", first_arrival: int = 0) -> list[Happening]:
    """Page views of one session."""
    return [
        Happening(visitor, session, second, first_arrival + index, page) for index, (second, page) in enumerate(moments)
    ]


def counts(rows: Sequence[Row], steps: int) -> tuple[int, ...]:
    """People by step, 0 where there is no row."""
    found = {whole(row["step"]): whole(row["people"]) for row in rows if row["place"] is None}
    return tuple(found.get(step, 0) for step in range(1, steps + 1))


def people_at_steps(
    shared_database: str,
    funnel: PlainFunnel,
    events: Sequence[Happening],
    filters: Sequence[Filter] = (),
) -> tuple[int, ...]:
    website_id = uuid4().hex
    store(shared_database, website_id, events)
    _, rows = ask(shared_database, website_id, funnel, filters)
    return counts(rows, len(funnel.steps))


GOLDEN_DAY = [
    *visit((36_000, "/a"), (36_300, "/b"), (38_099, "/c"), visitor="v1", session="s1"),
    Happening("v1", "s2", 39_900, 3, "/c", "signup"),
    *visit((36_000, "/a"), visitor="v2", session="s3", first_arrival=4),
    Happening("v2", "s3", 36_016, 5, "/a", "engagement"),
    *visit((85_800, "/a"), visitor="v3", session="s4", first_arrival=6),
    *visit((DAY + 600, "/b"), visitor="v3 of the next day", session="s4", first_arrival=7),
]

NAMED = [
    pytest.param(PlainFunnel((A, B), DAY, DAY, is_of_sessions=True), GOLDEN_DAY, (3, 2), id="G5 by session"),
    pytest.param(PlainFunnel((A, B), DAY, DAY), GOLDEN_DAY, (3, 2), id="R74 one person, two ids"),
    pytest.param(
        PlainFunnel((A, B), DAY, HOUR),
        visit((9 * HOUR, "/a"), (12 * HOUR, "/a"), (12 * HOUR + 1800, "/b")),
        (1, 1),
        id="G6 a later start counts",
    ),
    pytest.param(PlainFunnel((A, A), DAY, DAY), visit((5, "/a")), (1, 0), id="G7 one event is one step"),
    pytest.param(PlainFunnel((A, A), DAY, DAY), visit((5, "/a"), (9, "/a")), (1, 1), id="G7 two events are two"),
    pytest.param(PlainFunnel((A, B), DAY, DAY), visit((5, "/b"), (9, "/a")), (1, 0), id="G8 wrong order"),
    pytest.param(
        PlainFunnel((A, B), DAY, DAY), visit((5, "/a"), (5, "/b")), (1, 1), id="R75 ties are broken by arrival"
    ),
    pytest.param(
        PlainFunnel((A, B), DAY, DAY), visit((5, "/b"), (5, "/a")), (1, 0), id="R75 arrived before the first step"
    ),
    pytest.param(
        PlainFunnel((A, B), DAY, DAY, is_strict=True),
        visit((1, "/a"), (2, "/x"), (3, "/b")),
        (1, 0),
        id="R75 strict allows nothing between",
    ),
    pytest.param(
        PlainFunnel((A, B, C), DAY, DAY, is_strict=True),
        visit((1, "/a"), (2, "/a"), (3, "/b"), (4, "/c")),
        (1, 1, 1),
        id="R75 strict starts anew",
    ),
    pytest.param(
        PlainFunnel((A, B), DAY, DAY, is_strict=True),
        [*visit((1, "/a")), Happening("v", "s", 2, 1, "/a", "engagement"), *visit((3, "/b"), first_arrival=2)],
        (1, 1),
        id="R75 strict overlooks engagement",
    ),
    pytest.param(PlainFunnel((A, B), DAY, 60), visit((0, "/a"), (60, "/b")), (1, 1), id="R76 window included"),
    pytest.param(PlainFunnel((A, B), DAY, 60), visit((0, "/a"), (61, "/b")), (1, 0), id="R76 window over"),
    pytest.param(
        PlainFunnel((A, B), HOUR, HOUR),
        visit((HOUR - 1, "/a"), (2 * HOUR - 1, "/b")),
        (1, 1),
        id="R76 later steps after the range",
    ),
    pytest.param(
        PlainFunnel((A, B), HOUR, HOUR), visit((HOUR, "/a"), (HOUR + 1, "/b")), (0, 0), id="R76 starts after the range"
    ),
    pytest.param(
        PlainFunnel((A, B), HOUR, HOUR), visit((-1, "/a"), (1, "/b")), (0, 0), id="R76 starts before the range"
    ),
    pytest.param(
        PlainFunnel((A, B, C), DAY, DAY),
        visit((1, "/a"), (2, "/c"), (3, "/b"), (4, "/a"), (5, "/b"), (6, "/c"), (7, "/c")),
        (1, 1, 1),
        id="R77 once a step",
    ),
]


@pytest.mark.rule("R74")
@pytest.mark.rule("R75")
@pytest.mark.rule("R76")
@pytest.mark.rule("R77")
@pytest.mark.rule("G5")
@pytest.mark.rule("G6")
@pytest.mark.rule("G7")
@pytest.mark.rule("G8")
@pytest.mark.parametrize(("funnel", "events", "expected"), NAMED)
def test_people_at_each_step(
    shared_database: str, funnel: PlainFunnel, events: Sequence[Happening], expected: tuple[int, ...]
) -> None:
    assert people_at_steps(shared_database, funnel, events) == expected
    assert walk(funnel, events).counts == expected


PATTERNS = [
    pytest.param("/blog/*", "/blog/x", True, id="one segment"),
    pytest.param("/blog/*", "/blog/", True, id="an empty segment"),
    pytest.param("/blog/*", "/blog/x/y", False, id="not two segments"),
    pytest.param("/*/edit", "/a/edit", True, id="in the middle"),
    pytest.param("/*/edit", "/a/b/edit", False, id="in the middle, one too many"),
    pytest.param("/blog/**", "/blog/x/y", True, id="anything below"),
    pytest.param("/**/edit", "/a/b/edit", True, id="anything between"),
    pytest.param("/**/*.html", "/a/b/c.html", True, id="both"),
    pytest.param("/**/*.html", "/a/b/chtml", False, id="a dot is a dot"),
    pytest.param("/*%", "/100%", True, id="percent"),
    pytest.param("/*%", "/100", False, id="percent is no wildcard"),
    pytest.param("/a_*", "/abc", False, id="underscore is no wildcard"),
    pytest.param("/*\\d", "/\\d", True, id="backslash"),
    pytest.param("/*\\d", "/7", False, id="backslash is no class"),
    pytest.param("/*^[a-z](b|c)$?+", "/x^[a-z](b|c)$?+", True, id="all that means something elsewhere"),
    pytest.param("/*/ä b", "/x/ä b", True, id="letters beyond ASCII, and a space"),
    pytest.param("/A*", "/ab", False, id="case counts"),
    pytest.param("/%", "/%", True, id="D35 exact percent"),
    pytest.param("/%", "/x", False, id="D35 percent matches only itself"),
    pytest.param("/a.c", "/abc", False, id="exact dot"),
    pytest.param("/caf\u00e9", "/cafe\u0301", True, id="D45 decomposed page"),
    pytest.param("/caf\u00e9/*", "/cafe\u0301/x", True, id="D45 decomposed page, wildcard"),
    pytest.param("/*", "/a\nb", True, id="line break"),
]


@pytest.mark.rule("R73")
@pytest.mark.parametrize(("pattern", "page", "is_match"), PATTERNS)
def test_pattern_matches(postgres_url: str, pattern: str, page: str, *, is_match: bool) -> None:
    values = Values()
    statement = sql.SQL("SELECT {} FROM (VALUES ({})) AS events (page)").format(
        page_condition(pattern, values), values.bind(page)
    )

    with psycopg.connect(postgres_url) as connection:
        assert connection.execute(statement, values.bound).fetchone() == (is_match,)


PROPERTIES = [
    pytest.param((("plan", "pro"),), (("plan", "pro"), ("seats", 3)), True, id="one of two"),
    pytest.param((("plan", "pro"), ("seats", 3)), (("plan", "pro"), ("seats", 3)), True, id="both"),
    pytest.param((("plan", "pro"), ("seats", 4)), (("plan", "pro"), ("seats", 3)), False, id="one differs"),
    pytest.param((("plan", "pro"),), (), False, id="none"),
    pytest.param((("seats", 3),), (("seats", "3"),), False, id="text is no number"),
    pytest.param((("seats", 1),), (("seats", True),), False, id="true is no number"),
    pytest.param((("plan", "pro"),), (("plan", '["pro"]'),), False, id="list kept as text"),
]


@pytest.mark.rule("R73")
@pytest.mark.parametrize(("asked", "stored", "is_match"), PROPERTIES)
def test_all_properties_must_be_equal(
    shared_database: str,
    asked: tuple[tuple[str, str | int], ...],
    stored: tuple[tuple[str, str | int | bool], ...],
    *,
    is_match: bool,
) -> None:
    funnel = PlainFunnel((PlainStep(event_type="paid", properties=asked), A), DAY, DAY)

    found = people_at_steps(shared_database, funnel, [Happening("v", "s", 1, 0, "/pay", "paid", stored)])

    assert found == (int(is_match), 0)


@pytest.mark.rule("R9")
def test_bots_are_left_out_unless_asked_for(shared_database: str) -> None:
    events = [Happening("v", "s", 1, 0, "/a", is_bot=True)]

    without = people_at_steps(shared_database, PlainFunnel((A, B), DAY, DAY), events)
    included = people_at_steps(shared_database, PlainFunnel((A, B), DAY, DAY, include_bots=True), events)

    assert (without, included) == ((0, 0), (1, 0))


FILTERS = [
    pytest.param(Filter("country", ("DE",)), (2, 1), id="session attribute"),
    pytest.param(Filter("country", ("(not set)",)), (1, 1), id="unset attribute"),
    pytest.param(Filter("page", ("/b",)), (1, 1), id="sessions with the page"),
    pytest.param(Filter("entry_page", ("/a",)), (2, 2), id="sessions that began there"),
]


@pytest.mark.rule("R34")
@pytest.mark.parametrize(("chosen", "expected"), FILTERS)
def test_filters_pick_sessions(shared_database: str, chosen: Filter, expected: tuple[int, ...]) -> None:
    events = [
        Happening("v1", "s1", 1, 0, "/a", country="DE"),
        Happening("v1", "s1", 2, 1, "/b", country="DE"),
        Happening("v2", "s2", 1, 2, "/x", country="DE"),
        Happening("v2", "s2", 2, 3, "/a", country="DE"),
        Happening("v3", "s3", 1, 4, "/a"),
        # After the range, but within the window.
        Happening("v3", "s3", HOUR + 1, 5, "/b"),
    ]

    assert people_at_steps(shared_database, PlainFunnel((A, B), HOUR, HOUR), events, [chosen]) == expected


@pytest.mark.rule("F2")
def test_the_sixth_group_is_everyone_else(shared_database: str) -> None:
    countries = ["AA"] * 3 + ["BB"] * 2 + ["CC", "DD", "EE", "FF", None]
    events = [
        Happening(f"v{number}", f"s{number}", 1, number, "/a", country=country)
        for number, country in enumerate(countries)
    ]
    website_id = uuid4().hex
    store(shared_database, website_id, events)

    _, rows = ask(shared_database, website_id, PlainFunnel((A, B), DAY, DAY), split_by="country")

    assert [(row["value"], row["people"]) for row in rows if row["place"] is not None] == [
        ("AA", 3),
        ("BB", 2),
        ("(not set)", 1),
        ("CC", 1),
        ("DD", 1),
        (None, 2),
    ]


PAGES = st.sampled_from(["/a", "/b", "/c"])
COUNTRIES = {"s0": "DE", "s1": "FR", "s2": None, "s3": "DE", "s4": "US"}


@st.composite
def happenings(draw: st.DrawFn) -> list[Happening]:
    """A few events at a few moments, so that ties, shared sessions and edges of the range are common."""
    size = draw(st.integers(0, 14))
    events: list[Happening] = []
    for arrival in draw(st.permutations(range(size))):
        session = draw(st.sampled_from(sorted(COUNTRIES)))
        # Mostly the session's own visitor: where all are one person there is little to get wrong.
        visitor = draw(st.sampled_from([f"v{session}"] * 5 + ["v0", "v1"]))
        event_type = draw(st.sampled_from(["pageview"] * 6 + ["paid", "engagement"]))
        properties = draw(st.sampled_from([(), (("plan", "pro"),)])) if event_type == "paid" else ()
        second = draw(st.integers(-2, 12)) * 600
        events.append(
            Happening(
                visitor, session, second, arrival, draw(PAGES), event_type, properties, country=COUNTRIES[session]
            )
        )
    return events


STEPS = st.lists(
    st.one_of(
        PAGES.map(PlainStep),
        st.sampled_from([PlainStep(event_type="paid"), PlainStep(event_type="paid", properties=(("plan", "pro"),))]),
    ),
    min_size=2,
    max_size=4,
).map(tuple)
FUNNELS = st.builds(
    PlainFunnel,
    steps=STEPS,
    length=st.sampled_from([600, 3000, HOUR]),
    window=st.sampled_from([1, 600, 1800, HOUR]),
    is_strict=st.booleans(),
    is_of_sessions=st.booleans(),
)


@pytest.mark.rule("R74")
@pytest.mark.rule("R75")
@pytest.mark.rule("R76")
@pytest.mark.rule("R77")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(funnel=FUNNELS, events=happenings())
def test_answer_is_the_model_s(shared_database: str, funnel: PlainFunnel, events: list[Happening]) -> None:
    website_id = uuid4().hex
    store(shared_database, website_id, events)
    expected = walk(funnel, events)

    total, rows = ask(shared_database, website_id, funnel, split_by="country")

    assert total == expected.total
    assert counts(rows, len(funnel.steps)) == expected.counts
    assert list(expected.counts) == sorted(expected.counts, reverse=True)
    for row in rows:
        if row["place"] is None:
            step = whole(row["step"]) - 1
            assert (row["average_seconds"], row["median_seconds"]) == (
                _seconds(expected.averages[step]),
                _seconds(expected.medians[step]),
            )
    by_country = {
        country: tuple(count for count in found if count) for country, found in expected.counts_by_country.items()
    }
    grouped: dict[object, tuple[int, ...]] = {}
    for row in rows:
        if row["place"] is not None:
            grouped[row["value"]] = (*grouped.get(row["value"], ()), whole(row["people"]))
    assert grouped == by_country


def _seconds(value: float | None) -> int | None:
    return None if value is None else int(Decimal(str(value)).quantize(Decimal(1), ROUND_HALF_UP))
