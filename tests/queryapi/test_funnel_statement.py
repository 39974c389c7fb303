"""The numbers of a funnel, rule by rule."""

from collections.abc import Iterator, Sequence
from uuid import uuid4

import pytest

from queryapi.query import Condition, Filter, HasDone, Not
from tests.queryapi.funnel_fixture import ask, counts, people_at_steps, store
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
    *(
        pytest.param(
            PlainFunnel((A, B, C), DAY, DAY, is_strict=is_strict),
            visit((1, "/a"), (5, second), (5, third)),
            (1, 1, int(second == "/b")) if second == "/b" or not is_strict else (1, 0, 0),
            id=f"R75 third step of the instant of the second, {second} first, {'strict' if is_strict else 'ordered'}",
        )
        for is_strict in (False, True)
        for second, third in (("/b", "/c"), ("/c", "/b"))
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
        PlainFunnel((A, B, B), DAY, DAY),
        visit((1, "/a"), (2, "/b")),
        (1, 1, 0),
        id="R75 one event is no two later steps",
    ),
    pytest.param(
        PlainFunnel((A, B, C), DAY, DAY, is_strict=True),
        visit((1, "/a"), (2, "/b"), (3, "/x"), (4, "/c")),
        (1, 1, 0),
        id="R75 strict allows nothing between later steps",
    ),
    pytest.param(
        PlainFunnel((A, B, C, C), DAY, DAY, is_strict=True),
        visit((1, "/a"), (2, "/b"), (3, "/c"), (4, "/a"), (5, "/c")),
        (1, 1, 1, 0),
        id="R75 strict keeps nothing of a chain that was left",
    ),
    pytest.param(
        PlainFunnel((A, B), DAY, DAY, is_strict=True),
        [*visit((1, "/a")), Happening("v", "s", 2, 1, "/a", "engagement"), *visit((3, "/b"), first_arrival=2)],
        (1, 1),
        id="R75 strict overlooks engagement",
    ),
    pytest.param(PlainFunnel((A, B), DAY, 60), visit((0, "/a"), (60, "/b")), (1, 1), id="R76 window included"),
    pytest.param(PlainFunnel((A, B), DAY, 60), visit((0, "/a"), (61, "/b")), (1, 0), id="R76 window over"),
    *(
        pytest.param(
            PlainFunnel((A, B, C), DAY, 60, is_strict=is_strict),
            visit((0, "/a"), (30, "/b"), (last, "/c")),
            (1, 1, reached),
            id=f"R76 window of three steps, {'strict' if is_strict else 'ordered'}, {last} s",
        )
        for is_strict in (False, True)
        for last, reached in ((60, 1), (61, 0))
    ),
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


# Everybody, and the people at each step.
FILTERS = [
    pytest.param(Filter("country", ("DE",)), 2, (2, 1), id="session attribute"),
    pytest.param(Filter("country", ("(not set)",)), 1, (1, 1), id="unset attribute"),
    pytest.param(Filter("page", ("/b",)), 1, (1, 1), id="sessions with the page"),
    pytest.param(Filter("page", ("/a",)), 3, (3, 2), id="sessions with a page of the range"),
    pytest.param(Filter("event_type", ("signup",)), 0, (0, 0), id="an event after the range picks no session"),
    pytest.param(Filter("page", ("/t",)), 0, (0, 0), id="time spent on a page picks no session"),
    pytest.param(HasDone(Filter("page", ("/b",))), 1, (1, 1), id="what was done in the range"),
    pytest.param(Not(HasDone(Filter("page", ("/b",)))), 2, (2, 1), id="what was not done in the range"),
    pytest.param(Filter("entry_page", ("/a",)), 2, (2, 2), id="sessions that began there"),
]


@pytest.mark.rule("F2")
@pytest.mark.rule("R34")
@pytest.mark.parametrize(("chosen", "total", "expected"), FILTERS)
def test_filters_pick_sessions(shared_database: str, chosen: Condition, total: int, expected: tuple[int, ...]) -> None:
    events = [
        Happening("v1", "s1", 1, 0, "/a", country="DE"),
        Happening("v1", "s1", 2, 1, "/b", country="DE"),
        Happening("v2", "s2", 1, 2, "/x", country="DE"),
        Happening("v2", "s2", 2, 3, "/a", country="DE"),
        Happening("v3", "s3", 1, 4, "/a"),
        # After the range, but within the window.
        Happening("v3", "s3", HOUR + 1, 5, "/b"),
        Happening("v3", "s3", HOUR + 2, 6, "/b", "signup"),
        Happening("v1", "s1", 3, 7, "/t", "engagement", country="DE"),
    ]

    website_id = uuid4().hex
    store(shared_database, website_id, events)

    people, rows = ask(shared_database, website_id, PlainFunnel((A, B), HOUR, HOUR), [chosen])

    assert (people, counts(rows, 2)) == (total, expected)


@pytest.mark.rule("R34")
@pytest.mark.parametrize("chosen", [Filter("country", ("DE",)), Filter("entry_page", ("/b", "/a"))])
def test_filters_pick_sessions_of_the_window_too(shared_database: str, chosen: Condition) -> None:
    """The step was taken days after the range, in a session like those that are picked."""
    events = [
        Happening("v", "s1", 1, 0, "/a", country="DE"),
        Happening("v", "s2", 3 * DAY, 1, "/b", country="DE"),
    ]

    assert people_at_steps(shared_database, PlainFunnel((A, B), HOUR, 4 * DAY), events, [chosen]) == (1, 1)


@pytest.mark.rule("F2")
@pytest.mark.parametrize("length", [HOUR, 1000], ids=["whole quarters of an hour", "a quarter that is cut"])
@pytest.mark.parametrize("filters", [(), (Filter("event_type", ("pageview",)),)], ids=["everybody", "filtered"])
def test_everybody_is_who_was_active_in_the_range(shared_database: str, length: int, filters: Sequence[Filter]) -> None:
    """At its first instant and up to its end; time spent on a page is no activity."""
    moments = {"before": -1, "first": 0, "last": length - 1, "at the end": length}
    website_id = uuid4().hex
    events = [Happening(name, name, second, number, "/x") for number, (name, second) in enumerate(moments.items())]
    store(shared_database, website_id, [*events, Happening("silent", "silent", 1, 9, "/x", "engagement")])

    total, _ = ask(shared_database, website_id, PlainFunnel((A, B), length, HOUR), filters)

    assert total == 2


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
