"""The body of `POST /api/v2/query`, taken apart field by field: what is unknown is refused by its name (SPEC N3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from queryapi.dimensions import ENDS, EVENT_FILTERS, FILTER_DIMENSIONS
from queryapi.fields import Fields, Json, clean, parse_object
from queryapi.filters import bad_field, known_dimension, read_filters, unknown_dimension
from queryapi.metrics import METRICS
from queryapi.params import PROPERTY, Params
from queryapi.query import Condition, Order
from shared.errors import AppError

# Shares of visitors: of all of the population, and of those who need not meet the goal.
SHARES = ("percentage", "conversion_rate")
QUERY_METRICS = (*METRICS, *SHARES)
# `time` is as long as suits the range; the others name their interval.
TIMES = {
    "time": "auto",
    "time:15m": "15m",
    "time:hour": "hour",
    "time:day": "day",
    "time:week": "week",
    "time:month": "month",
}
MAX_DIMENSIONS = 4
DEFAULT_LIMIT = 1000
# As many as a series has buckets.
MAX_LIMIT = 10_000
MAX_OFFSET = 1_000_000
_FIELDS = (
    "website_id", "metrics", "dimensions", "filters", "date_range", "days", "timezone", "order_by", "include",
    "pagination", "segment",
)  # fmt: skip
_INCLUDES = (
    "totals", "total_rows", "time_labels", "bots", "exact", "compare", "compare_date_range", "match_day_of_week",
)  # fmt: skip
_MAX_TEXT = 256
# What the reports call it, and what it is here.
_FIELD_OF = {
    "days": "days",
    "timezone": "timezone",
    "period": "date_range",
    "from": "date_range[0]",
    "to": "date_range[1]",
    "compare": "include.compare",
    "compare_from": "include.compare_date_range[0]",
    "compare_to": "include.compare_date_range[1]",
    "interval": "dimensions",
}


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What one query asks for; `params` are range and comparison as the reports take them."""

    website_id: str
    metrics: tuple[str, ...]
    dimensions: tuple[str, ...]
    filters: tuple[Condition, ...]
    params: Params
    order: tuple[Order, ...]
    has_totals: bool
    has_total_rows: bool
    has_time_labels: bool
    limit: int
    offset: int

    @property
    def time(self) -> str | None:
        return next((name for name in self.dimensions if name in TIMES), None)

    @property
    def others(self) -> tuple[str, ...]:
        """The dimensions but time."""
        return tuple(name for name in self.dimensions if name not in TIMES)


def parse_query(body: bytes) -> Wanted:
    """The query in a body; raises AppError 400 by the field, 422 where its parts do not go together."""
    fields = parse_object(body)
    _check_known(fields.values, _FIELDS, "")
    include = _object(fields, "include")
    pagination = _object(fields, "pagination")
    _check_known(include, _INCLUDES, "include.")
    _check_known(pagination, ("limit", "offset"), "pagination.")
    metrics = _names(fields, "metrics", QUERY_METRICS)
    if not metrics:
        raise bad_field("missing_field", "metrics", f"must name at least one of {', '.join(QUERY_METRICS)}")
    dimensions = _dimensions(fields.values.get("dimensions"))
    return Wanted(
        website_id=_text(fields.values.get("website_id"), "website_id"),
        metrics=metrics,
        dimensions=dimensions,
        filters=read_filters(fields.values.get("filters", []), "filters"),
        params=_params(fields.values, include),
        order=_order(fields.values.get("order_by"), metrics, dimensions),
        has_totals=_flag(include, "totals"),
        has_total_rows=_flag(include, "total_rows"),
        has_time_labels=_flag(include, "time_labels"),
        limit=_whole(pagination, "limit", 1, MAX_LIMIT) or DEFAULT_LIMIT,
        offset=_whole(pagination, "offset", 0, MAX_OFFSET) or 0,
    )


def _params(fields: Mapping[str, Json], include: Mapping[str, Json]) -> Params:
    """Range, zone and comparison under the names that the reports know them by."""
    found = {
        **_range(fields.get("date_range"), "date_range", ("period", "from", "to")),
        **_range(include.get("compare_date_range"), "include.compare_date_range", ("", "compare_from", "compare_to")),
    }
    if fields.get("days") is not None:
        found["days"] = str(_whole(fields, "days", 1, 3660, ""))
    if fields.get("segment") is not None:
        found["segment"] = _text(fields["segment"], "segment")
    if fields.get("timezone") is not None:
        found["timezone"] = _text(fields["timezone"], "timezone")
    found["compare"] = "none" if include.get("compare") is None else _text(include["compare"], "include.compare")
    if _flag(include, "match_day_of_week"):
        found["match_day_of_week"] = "true"
    if _flag(include, "bots"):
        found["include_bots"] = "true"
    if _flag(include, "exact"):
        found["exact"] = "true"
    return Params({name: (value,) for name, value in found.items()})


def _range(document: Json, field: str, names: tuple[str, str, str]) -> dict[str, str]:
    period, first, last = names
    if document is None:
        return {}
    if isinstance(document, str) and period:
        return {period: _text(document, field)}
    if not isinstance(document, list) or len(document) != 2:
        raise bad_field("invalid_type", field, f"must be {'a period or ' if period else ''}[from, to]")
    return {first: _text(document[0], f"{field}[0]"), last: _text(document[1], f"{field}[1]")}


def _dimensions(document: Json) -> tuple[str, ...]:
    names = _texts(document, "dimensions")
    for index, name in enumerate(names):
        field = f"dimensions[{index}]"
        if name in TIMES:
            continue
        if name.startswith("time"):
            raise bad_field("unknown_dimension", field, f"must be one of {', '.join(TIMES)}")
        if not known_dimension(name) or not name.isprintable():
            raise unknown_dimension(field)
    if len(names) > MAX_DIMENSIONS:
        raise bad_field("too_many_dimensions", "dimensions", f"more than {MAX_DIMENSIONS}", limit=MAX_DIMENSIONS)
    if sum(name in TIMES for name in names) > 1:
        raise bad_field("invalid_value", "dimensions", "time can be named once")
    return names


def _order(document: Json, metrics: Sequence[str], dimensions: Sequence[str]) -> tuple[Order, ...]:
    if document is None:
        return ()
    known = (*metrics, *dimensions)
    if not isinstance(document, list) or len(document) > len(known):
        raise bad_field("invalid_type", "order_by", "must be a list of [metric or dimension of the query, asc or desc]")
    found: list[Order] = []
    for index, item in enumerate(document):
        field = f"order_by[{index}]"
        if not isinstance(item, list) or len(item) != 2:
            raise bad_field("invalid_type", field, "must be [metric or dimension of the query, asc or desc]")
        key, direction = _text(item[0], f"{field}[0]"), _text(item[1], f"{field}[1]")
        if key not in known:
            raise bad_field("invalid_value", f"{field}[0]", f"must be one of {', '.join(known)}")
        if direction not in {"asc", "desc"}:
            raise bad_field("invalid_value", f"{field}[1]", "must be asc or desc")
        found.append(Order(key, descending=direction == "desc"))
    return tuple(found)


def _names(fields: Fields, name: str, allowed: Sequence[str]) -> tuple[str, ...]:
    found = _texts(fields.values.get(name), name)
    for index, item in enumerate(found):
        if item not in allowed:
            raise bad_field("unknown_metric", f"{name}[{index}]", f"must be one of {', '.join(allowed)}")
    return found


def _texts(document: Json, field: str) -> tuple[str, ...]:
    if document is None:
        return ()
    if not isinstance(document, list):
        raise bad_field("invalid_type", field, "must be a list of text")
    found = tuple(_text(item, f"{field}[{index}]") for index, item in enumerate(document[:100]))
    if len(document) > len(set(found)):
        raise bad_field("invalid_value", field, "names something twice")
    return found


def _text(document: Json, field: str) -> str:
    if not isinstance(document, str):
        code = "missing_field" if document is None else "invalid_type"
        raise bad_field(code, field, "must be text")
    text = clean(document)
    if not 1 <= len(text) <= _MAX_TEXT or not text.isprintable():
        raise bad_field("invalid_value", field, f"must be 1 to {_MAX_TEXT} printable characters")
    return text


def _object(fields: Fields, name: str) -> Mapping[str, Json]:
    document = fields.values.get(name, {})
    if not isinstance(document, dict):
        raise bad_field("invalid_type", name, "must be an object")
    return document


def _flag(document: Mapping[str, Json], name: str) -> bool:
    value = document.get(name, False)
    if not isinstance(value, bool):
        raise bad_field("invalid_type", f"include.{name}", "must be true or false")
    return value


def _whole(document: Mapping[str, Json], name: str, low: int, high: int, path: str = "pagination.") -> int | None:
    value = document.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise bad_field("invalid_value", f"{path}{name}", f"must be a whole number from {low} to {high}")
    return value


def _check_known(document: Mapping[str, Json], known: Sequence[str], path: str) -> None:
    for name in document:
        if name not in known:
            raise bad_field("unknown_field", f"{path}{clean(name)[:64]}", f"unknown; known are {', '.join(known)}")


def is_of_sessions(name: str) -> bool:
    """True for a dimension that stands on the rollups: neither of one event nor of a session's ends."""
    return name in FILTER_DIMENSIONS - ENDS - EVENT_FILTERS and not name.startswith(PROPERTY)


def field_of(error: AppError) -> AppError:
    """An error about a parameter of reports, told by the field of the body that it came from."""
    field = _FIELD_OF.get(str(error.details.get("parameter")))
    if field is None:
        return error
    return AppError(error.status, error.code, f"{field}: {error.message.partition(': ')[2]}", details={"field": field})
