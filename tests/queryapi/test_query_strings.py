"""Query strings at their limits (SPEC R64)."""

import pytest

from queryapi.lists import parse_limit
from queryapi.params import MAX_PARAMETERS, MAX_QUERY_BYTES, Params, parse_params
from shared.errors import AppError

SCALARS = frozenset({"days", "search", "filters"})
REPEATABLE = frozenset({"page", "prop:"})


def refusal(query: bytes, repeatable: frozenset[str] = REPEATABLE) -> AppError | None:
    try:
        parse_params(query, SCALARS, repeatable)
    except AppError as error:
        return error
    return None


@pytest.mark.rule("R64")
@pytest.mark.parametrize(
    ("within", "beyond", "code", "parameter"),
    [
        (b"days=1".ljust(MAX_QUERY_BYTES, b"&"), b"days=1".ljust(MAX_QUERY_BYTES + 1, b"&"), "query_too_long", None),
        (b"page=a&" * MAX_PARAMETERS, b"page=a&" * (MAX_PARAMETERS + 1), "too_many_parameters", None),
        (b"page=" + b"%C3%A9" * 2048, b"page=" + b"%C3%A9" * 2049, "invalid_parameter", "page"),
        (b"search=" + b"x" * 500, b"search=" + b"x" * 501, "invalid_parameter", "search"),
        (b"filters=" + b"x" * 8192, b"filters=" + b"x" * 8193, "invalid_parameter", "filters"),
        (b"prop:" + b"x" * 128 + b"=1", b"prop:" + b"x" * 129 + b"=1", "invalid_parameter", "prop:"),
        (b"prop:" + b"%C3%A9" * 64 + b"=1", b"prop:" + b"%C3%A9" * 65 + b"=1", "invalid_parameter", "prop:"),
        (b"prop:a=1&prop:a=2", b"prop:=1", "invalid_parameter", "prop:"),
        (b"page=a&page=b", b"days=1&days=1", "duplicate_parameter", "days"),
        (b"page=+", b"page=", "invalid_parameter", "page"),
        (b"", b"pages=a", "unknown_parameter", "pages"),
        (b"&&", b"=", "unknown_parameter", ""),
        (b"page=%25", b"page=%", "invalid_query_string", None),
        (b"page=%2f", b"page=%2g", "invalid_query_string", None),
        (b"page=%20", b"page=%1F", "invalid_query_string", None),
        (b"page=%7E", b"page=%7F", "invalid_query_string", None),
        (b"page=%C3%A9", b"page=%C3", "invalid_query_string", None),
    ],
)
def test_what_is_beyond_a_limit_is_refused_by_name(
    within: bytes, beyond: bytes, code: str, parameter: str | None
) -> None:
    refused = refusal(beyond)

    assert refusal(within) is None
    assert refused is not None and (refused.status, refused.code) == (400, code)
    assert refused.details == ({} if parameter is None else {"parameter": parameter})


@pytest.mark.rule("R64")
def test_no_property_is_known_where_none_may_be_asked_for() -> None:
    refused = refusal(b"prop:a=1", frozenset({"page"}))

    assert refused is not None and refused.code == "unknown_parameter"


@pytest.mark.rule("R64")
def test_a_name_of_any_length_is_shown_shortened() -> None:
    refused = refusal(b"x" * 1000 + b"=1")

    assert refused is not None and refused.details == {"parameter": "x" * 64}
    assert "x" * 65 not in refused.message


@pytest.mark.rule("R64")
def test_values_are_decoded_as_forms_are() -> None:
    found = parse_params(b"page=a+b%2Bc&page=%C3%A9&days=7", SCALARS, REPEATABLE)

    assert found.values == {"page": ("a b+c", "\u00e9"), "days": ("7",)}


@pytest.mark.rule("R64")
@pytest.mark.parametrize(("text", "number"), [("1", 1), ("007", 7), ("999999999", 999_999_999)])
def test_whole_numbers_are_ascii_digits(text: str, number: int) -> None:
    assert Params({"days": (text,)}).whole("days", 1, 999_999_999) == number


@pytest.mark.rule("R64")
@pytest.mark.parametrize("text", ["0", "+7", "-7", "1_0", "7.0", "1e3", " 7", "7 ", "\u0667", "0x7", "0000000007", ""])
def test_what_is_no_whole_number_in_range_is_refused(text: str) -> None:
    with pytest.raises(AppError) as refused:
        Params({"days": (text,)}).whole("days", 1, 999_999_999)

    assert (refused.value.status, refused.value.details) == (400, {"parameter": "days"})


@pytest.mark.rule("R65")
@pytest.mark.parametrize(("values", "limit"), [({}, 10), ({"limit": ("1",)}, 1), ({"limit": ("1000",)}, 1000)])
def test_a_list_has_ten_rows_unless_told_otherwise(values: dict[str, tuple[str, ...]], limit: int) -> None:
    assert parse_limit(Params(values)) == limit
