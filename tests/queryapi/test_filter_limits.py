"""Filters at their limits: the last that is taken, and the first that is not."""

import json

import pytest

from queryapi.filters import MAX_FILTERS, MAX_PATTERN_CHARACTERS, MAX_VALUES, parse_filters
from queryapi.params import MAX_PROPERTY_KEY_BYTES
from queryapi.query import Filter
from shared.errors import AppError
from tests.queryapi.rig import SITE, running, settings_for, store, vector

GERMANY: list[object] = ["is", "country", ["DE"]]
BROKEN: list[object] = ["matches", "page", ["("]]

TAKEN: dict[str, list[object]] = {
    "as many as can be": [GERMANY] * MAX_FILTERS,
    "in groups": [["or", [GERMANY] * (MAX_FILTERS - 1)], GERMANY],
    "as many values": [["is", "country", ["DE"] * MAX_VALUES]],
    "as deep": [["not", ["and", [["or", [GERMANY]]]]]],
    "as long a key": [["is", "prop:" + "k" * MAX_PROPERTY_KEY_BYTES, ["x"]]],
    "as long a pattern": [["matches", "page", ["p" * MAX_PATTERN_CHARACTERS]]],
    "not of what was done": [["has_done", ["not", GERMANY]]],
}
REFUSED: dict[str, tuple[list[object], str, str]] = {
    "one more": ([["and", [GERMANY] * MAX_FILTERS], GERMANY], "too_many_filters", "filters"),
    "one value more": ([["is", "country", ["DE"] * (MAX_VALUES + 1)]], "invalid_filter", "filters[0][2]"),
    "one deeper": ([["not", ["and", [["or", [["not", GERMANY]]]]]]], "too_deep", "filters[0][1][1][0][1][0]"),
    "a key of too many bytes": ([["is", "prop:" + "\u00e9" * 65, ["x"]]], "unknown_dimension", "filters[0][1]"),
    "no key": ([["is", "prop:", ["x"]]], "unknown_dimension", "filters[0][1]"),
    "control character in a key": ([["is", "prop:a\u0000", ["x"]]], "unknown_dimension", "filters[0][1]"),
    "control character in a value": ([["is", "page", ["a\u0000"]]], "invalid_filter", "filters[0][2][0]"),
    "a longer pattern": (
        [["matches", "page", ["p" * (MAX_PATTERN_CHARACTERS + 1)]]], "invalid_filter", "filters[0][2][0]",
    ),
    "an empty group": ([["or", []]], "invalid_filter", "filters[0][1]"),
    "a list that is empty": ([[]], "invalid_filter", "filters[0]"),
    "a group of too much": ([["not", GERMANY, GERMANY]], "invalid_filter", "filters[0]"),
    "a filter of too much": ([["is", "page", ["/"], {}, {}]], "invalid_filter", "filters[0]"),
    "done in done": ([["has_done", ["has_not_done", GERMANY]]], "invalid_filter", "filters[0][1]"),
    "done in not in done": ([["has_done", ["not", ["has_done", GERMANY]]]], "invalid_filter", "filters[0][1][1]"),
    "another option": ([["is", "page", ["/"], {"case": True}]], "unknown_field", "filters[0][3].case"),
}  # fmt: skip


@pytest.mark.rule("N3")
@pytest.mark.parametrize("filters", TAKEN.values(), ids=TAKEN)
def test_filters_up_to_the_limit_are_taken(filters: list[object]) -> None:
    assert len(parse_filters(json.dumps(filters))) == len(filters)


@pytest.mark.rule("N3")
@pytest.mark.parametrize(("filters", "code", "field"), REFUSED.values(), ids=REFUSED)
def test_filters_beyond_it_are_refused_by_their_place(filters: list[object], code: str, field: str) -> None:
    with pytest.raises(AppError) as refused:
        parse_filters(json.dumps(filters))

    assert (refused.value.status, refused.value.code, refused.value.details["field"]) == (400, code, field)


@pytest.mark.parametrize("operator", ["is", "contains"])
def test_case_matters_unless_it_is_said_not_to(operator: str) -> None:
    plain, empty = parse_filters(json.dumps([[operator, "browser", ["Chrome"]], [operator, "browser", ["Chrome"], {}]]))

    assert plain == empty
    assert isinstance(plain, Filter)
    assert plain.is_case_sensitive


@pytest.mark.parametrize(("operator", "value"), [("is", "DE"), ("contains", "de"), ("matches", "^d")])
def test_only_what_is_compared_whole_is_made_a_code(operator: str, value: str) -> None:
    (found,) = parse_filters(json.dumps([[operator, "country", [value.lower()]]]))

    assert isinstance(found, Filter)
    assert found.values == (value,)


@pytest.mark.parametrize(
    "filters",
    [[["not", BROKEN]], [["or", [GERMANY, BROKEN]]], [["and", [BROKEN, GERMANY]]], [["has_done", BROKEN]],
     [["has_not_done", ["and", [BROKEN]]]]],
    ids=lambda filters: str(filters)[:30],
)  # fmt: skip
async def test_a_pattern_that_is_none_is_refused_wherever_it_stands(database: str, filters: list[object]) -> None:
    store(database, vector())
    # No row would ever be matched with it.
    query = f"from=2001-01-01&to=2001-01-02&filters={json.dumps(filters)}"

    async with running(settings_for(database)) as api:
        reply = await api.get(f"/api/v1/analytics/dashboard/{SITE}", query)

    assert (reply.status, reply.body["code"]) == (400, "invalid_pattern")
