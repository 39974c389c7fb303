"""What the document says of each parameter, in one place: its prose here, its limits from where they are checked."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from queryapi.buckets import INTERVALS
from queryapi.call import COMMON_PARAMETERS, REPEATABLE_PARAMETERS
from queryapi.comparison import COMPARE_WORDS
from queryapi.cursors import DEFAULT_LIMIT as DEFAULT_PAGE
from queryapi.cursors import MAX_LIMIT as MAX_PAGE
from queryapi.dashboard import DEFAULT_UTM_ROWS, MAX_UTM_ROWS
from queryapi.dimensions import FILTER_PARAMETERS
from queryapi.explain import EXPLAIN_PARAMETER
from queryapi.filters import GROUPS as FILTER_GROUPS
from queryapi.filters import OPERATORS
from queryapi.funnel import MAX_WINDOW_SECONDS, SCOPES, STEP_ORDERS
from queryapi.funnel_performance import BREAKDOWNS
from queryapi.journeys import DEFAULT_STEPS, MAX_STEPS, MIN_STEPS
from queryapi.lists import DEFAULT_LIMIT, MAX_LIMIT, MAX_OFFSET
from queryapi.metrics import METRICS
from queryapi.openapi.schema import BOOLEAN, STRING, Schema, one_of, text, whole
from queryapi.pages import MAX_DEPTH, VIEWS
from queryapi.params import (
    MAX_FILTERS_CHARACTERS,
    MAX_PROPERTY_KEY_BYTES,
    MAX_SEARCH_CHARACTERS,
    MAX_VALUE_CHARACTERS,
    PROPERTY,
)
from queryapi.ranges import DEFAULT_DAYS, MAX_DAYS, PERIODS
from queryapi.timeseries import MAX_HOURLY_DAYS


class Parameter(NamedTuple):
    """A parameter of a query string."""

    description: str
    schema: Schema


_MOMENT: Schema = {
    "type": "string",
    "pattern": r"^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2}))?$",
}


def _printable(limit: int) -> Schema:
    """Text as a query string may hold it: no control characters, however they are escaped."""
    return {**text(1, limit), "pattern": r"^[^\u0000-\u001f\u007f]+$"}


_VALUE = _printable(MAX_VALUE_CHARACTERS)
# What a filter may be repeated for: whoever meets one of its values is in.
_FILTER = "Only what equals this; repeat it for several values, of which one must be met."

PARAMETERS: Mapping[str, Parameter] = {
    "days": Parameter("This many local days, today the last of them.", whole(1, MAX_DAYS, DEFAULT_DAYS)),
    "from": Parameter(
        "First day (`2026-01-31`, included) or first moment (`2026-01-31T10:00:00Z`); with `to`.", _MOMENT
    ),
    "to": Parameter("Last day (included) or the moment at which the range ends (excluded); with `from`.", _MOMENT),
    "period": Parameter("A named range, in place of `days`, or `from` and `to`.", one_of(PERIODS)),
    "timezone": Parameter("An IANA zone whose days count, `Europe/Berlin`; by default the website's own.", _VALUE),
    "compare": Parameter("What the range is set against.", {**one_of(tuple(COMPARE_WORDS)), "default": "previous"}),
    "compare_from": Parameter("First day or moment of the other range; with `compare=custom`.", _MOMENT),
    "compare_to": Parameter("Last day or end of the other range; with `compare=custom`.", _MOMENT),
    "match_day_of_week": Parameter("Move the other range so that it begins on the same day of the week.", BOOLEAN),
    "include_bots": Parameter("Count robots too.", BOOLEAN),
    "exact": Parameter("Count what would be estimated.", BOOLEAN),
    "filters": Parameter(
        'A JSON list, all of which must be met: `["is", "country", ["DE"]]`; operators are `'
        f"{'`, `'.join(OPERATORS)}`; they are combined by `{'`, `'.join(FILTER_GROUPS)}`, as in"
        ' `["or", [["is", "browser", ["Firefox"]], ["contains", "page", ["/blog"]]]]`.',
        _printable(MAX_FILTERS_CHARACTERS),
    ),
    "segment": Parameter("The id of filters that the website keeps; met as well.", STRING),
    EXPLAIN_PARAMETER: Parameter(
        "Add `explain`: the definitions behind the numbers, each statement with its values, and the rows it read."
        " Needs the scope `manage`.",
        BOOLEAN,
    ),
    "limit": Parameter("Most rows of the answer.", whole(1, MAX_LIMIT, DEFAULT_LIMIT)),
    "offset": Parameter("Rows to pass over.", whole(0, MAX_OFFSET, 0)),
    "sort": Parameter("A metric or the name of the rows; with a minus sign it descends: `-sessions`.", _VALUE),
    "search": Parameter("Only rows whose name contains this, whatever its case.", _printable(MAX_SEARCH_CHARACTERS)),
    "utm_limit": Parameter("Most campaigns.", whole(1, MAX_UTM_ROWS, DEFAULT_UTM_ROWS)),
    "view": Parameter("Which pages, or what in place of pages.", {**one_of(VIEWS), "default": "page"}),
    "depth": Parameter("Parts of the path that make a section; with `view=section`.", whole(1, MAX_DEPTH, 1)),
    "drill": Parameter("The parts of one: a source's referrers, a browser's or system's versions.", _VALUE),
    "interval": Parameter(
        "Length of a bucket; `auto` goes by the length of the range.",
        {**one_of(("auto", *INTERVALS)), "default": "auto"},
    ),
    "metrics": Parameter(
        f"Comma-separated, each once: {', '.join(METRICS)}.",
        {"type": "string", "pattern": f"^({'|'.join(METRICS)})(,({'|'.join(METRICS)}))*$"},
    ),
    "hours": Parameter("The last hours, in place of a range.", whole(1, MAX_HOURLY_DAYS * 24)),
    "cursor": Parameter("`next_cursor` of the page before, for the same question.", _VALUE),
    "prop": Parameter("A property of the events: its values become the rows. With `event_type`.", _VALUE),
    "steps": Parameter("Pages of a way.", whole(MIN_STEPS, MAX_STEPS, DEFAULT_STEPS)),
    "start": Parameter("Ways from the first view of this page on.", _VALUE),
    "end": Parameter("Ways up to the first view of this page; not together with `start`.", _VALUE),
    "window": Parameter("Seconds from first step to last, in place of the funnel's.", whole(1, MAX_WINDOW_SECONDS)),
    "scope": Parameter("Whose steps belong together, in place of the funnel's.", one_of(SCOPES)),
    "order": Parameter("`strict` allows nothing between two steps; in place of the funnel's.", one_of(STEP_ORDERS)),
    "breakdown": Parameter("Split by this; the five greatest groups and the rest.", one_of(BREAKDOWNS)),
    "purge": Parameter("Remove the events of the website too.", BOOLEAN),
    **{name: Parameter(_FILTER, _VALUE) for name in sorted(FILTER_PARAMETERS)},
    PROPERTY: Parameter(
        f"`{PROPERTY}plan=pro`: only events with this property; its key has 1 to {MAX_PROPERTY_KEY_BYTES} bytes.",
        _VALUE,
    ),
}

# Where a parameter means something else than above: what a route says of its own.
PAGE_LIMIT = Parameter("Most rows of a page.", whole(1, MAX_PAGE, DEFAULT_PAGE))
SHARED = (*COMMON_PARAMETERS, *REPEATABLE_PARAMETERS, EXPLAIN_PARAMETER)


def choice(description: str, values: Sequence[str], default: str | None = None) -> Parameter:
    """A parameter of one route that takes one of `values`."""
    schema = one_of(values)
    return Parameter(description, schema if default is None else {**schema, "default": default})


def parameter_bodies(
    scalars: frozenset[str], repeatable: frozenset[str], own: Mapping[str, Parameter]
) -> list[dict[str, object]]:
    """The parameters of one route as the document holds them, in order of name. One that nothing is said of is
    text without a description, which a test finds."""
    bodies: list[dict[str, object]] = []
    for name in sorted(scalars | repeatable):
        said = own.get(name) or PARAMETERS.get(name) or Parameter("", STRING)
        body: dict[str, object] = {"name": name, "in": "query", "description": said.description}
        if name == PROPERTY:
            # A family of names, which OpenAPI has no word for: an object whose keys stand in the query string.
            schema = {"type": "object", "propertyNames": {"pattern": f"^{PROPERTY}."}, "additionalProperties": _VALUE}
            body |= {"name": "properties", "schema": schema, "style": "form", "explode": True}
        elif name in repeatable:
            body |= {"schema": {"type": "array", "items": said.schema, "minItems": 1}, "style": "form", "explode": True}
        else:
            body["schema"] = said.schema
        bodies.append(body)
    return bodies
