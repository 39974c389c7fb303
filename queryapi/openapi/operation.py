"""What is said of one method of one route."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from queryapi.openapi.parameters import Parameter
from queryapi.openapi.schema import Schema

JSON = "application/json"
# Codes by status.
Errors = Mapping[int, tuple[str, ...]]
NO_NAMES: frozenset[str] = frozenset()


class Sent(NamedTuple):
    """A body that is sent: its shape and one that is good, of the first of its types."""

    schema: Schema
    example: object
    is_batch: bool = False
    media_types: tuple[str, ...] = (JSON,)


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One method of one route. `scope` is what a token needs, None where none is asked for; `answers` are the
    good ones by status, None for one without a body; `example` is a query string."""

    group: str
    summary: str
    description: str = ""
    scope: str | None = "stats:read"
    answers: Mapping[int, Schema | None]
    errors: Errors
    scalars: frozenset[str] = NO_NAMES
    repeatable: frozenset[str] = NO_NAMES
    own: Mapping[str, Parameter] = field(default_factory=dict[str, Parameter])
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    sent: Sent | None = None
    example: str = ""
    media_types: tuple[str, ...] = (JSON,)


# An operation by method and path, as the router knows the path.
Operations = Mapping[tuple[str, str], Operation]

UNAUTHORIZED = ("unauthorized", "invalid_token", "token_expired", "key_expired", "lifetime_too_long")
AWAY = ("database_unavailable", "database_busy", "query_timeout")
NAMES = ("invalid_parameter", "unknown_parameter", "duplicate_parameter", "invalid_query_string", "query_too_long",
         "too_many_parameters")  # fmt: skip
RANGE = (
    "conflicting_parameters",
    "incomplete_range",
    "invalid_range",
    "range_too_long",
    "invalid_date",
    "out_of_range",
    "invalid_timezone",
)
FILTERS = ("invalid_filter", "invalid_json", "invalid_type", "too_deep", "too_many_filters", "unknown_dimension",
           "unknown_operator", "unknown_field", "invalid_pattern")  # fmt: skip
BODY = ("invalid_json", "too_deep")
FIELDS = ("invalid_type", "invalid_value", "missing_field", "unknown_field", "too_long")

_ALWAYS: Errors = {401: UNAUTHORIZED, 403: ("forbidden",), 503: AWAY}
WEBSITE: Errors = {404: ("website_not_found",)}
ASKED: Errors = {**_ALWAYS, 400: NAMES}
REPORTED: Errors = {
    **_ALWAYS, 404: ("website_not_found", "segment_not_found"), 409: ("invalid_segment",),
    503: (*AWAY, "too_many_reports"), 400: (*NAMES, *RANGE, *FILTERS),
}  # fmt: skip
CHANGED: Errors = {
    **_ALWAYS, 400: (*NAMES, *BODY), 413: ("body_too_large",), 415: ("unsupported_media_type",), 422: FIELDS,
}  # fmt: skip


def and_also(errors: Errors, **more: tuple[str, ...]) -> Errors:
    """`errors` with more of them: `and_also(CHANGED, _409=("name_taken",))`."""
    added = {int(name.removeprefix("_")): codes for name, codes in more.items()}
    return {status: (*errors.get(status, ()), *added.get(status, ())) for status in sorted({*errors, *added})}
