"""What is said of free queries, and of the filters that a website keeps."""

from queryapi.openapi.components import EXPLAIN, HEAD, bare_list
from queryapi.openapi.operation import ASKED, CHANGED, FIELDS, FILTERS, REPORTED, Operation, Operations, Sent, and_also
from queryapi.openapi.schema import (
    BOOLEAN,
    INTEGER,
    NUMBER,
    STRING,
    UUID_TEXT,
    Properties,
    keyed,
    list_of,
    nullable,
    one_of,
    record,
    ref,
    text,
    whole,
)
from queryapi.query_body import DEFAULT_LIMIT, MAX_DIMENSIONS, MAX_LIMIT, MAX_OFFSET, QUERY_METRICS, TIMES
from queryapi.query_routes import QUERY_PARAMETERS
from queryapi.ranges import MAX_DAYS
from queryapi.segment import MAX_NAME_CHARACTERS

_NUMBERS = keyed(nullable(NUMBER))
_NAMES = keyed(STRING)
_COMPARED = record({"metrics": _NUMBERS, "change": _NUMBERS}, {"new": keyed(BOOLEAN), "dimensions": _NAMES})
_ROW = record({"dimensions": _NAMES, "metrics": _NUMBERS}, {"comparison": _COMPARED, "partial": BOOLEAN})
_ANSWER = record(
    {**HEAD, "data": list_of(_ROW), "limit": INTEGER, "offset": INTEGER, "meta": ref("Meta")},
    {
        **EXPLAIN,
        "interval": STRING,
        "comparison": record({"date_range": STRING, "range": ref("Range")}),
        "total": INTEGER,
        "totals": _NUMBERS,
        "time_labels": list_of(STRING),
    },
)
_OPTIONAL: Properties = {
    "dimensions": {
        **list_of(STRING), "maxItems": MAX_DIMENSIONS,
        "description": f"What filters may name, and one of {', '.join(TIMES)}.",
    },
    "filters": {**list_of({"type": "array"}), "description": "As the parameter `filters` of every report."},
    "segment": {**nullable(STRING), "description": "The id of filters that the website keeps; met as well."},
    "date_range": {"description": "A period such as `7d`, or `[from, to]`."},
    "days": nullable(whole(1, MAX_DAYS)),
    "timezone": nullable(STRING),
    "order_by": {**list_of({"type": "array"}), "description": '`["sessions", "desc"]`, by what the query names.'},
    "include": record(
        {},
        {
            **dict.fromkeys(("totals", "total_rows", "time_labels", "bots", "exact", "match_day_of_week"), BOOLEAN),
            "compare": {**STRING, "description": "As the parameter of reports; of totals and of time alone."},
            "compare_date_range": list_of(STRING),
        },
    ),
    "pagination": record({}, {"limit": whole(1, MAX_LIMIT, DEFAULT_LIMIT), "offset": whole(0, MAX_OFFSET, 0)}),
}  # fmt: skip
_SENT = record({"website_id": STRING, "metrics": list_of(one_of(QUERY_METRICS))}, _OPTIONAL)
_EXAMPLE = {
    "website_id": "site-123",
    "days": 7,
    "metrics": ["unique_visitors", "bounce_rate"],
    "dimensions": ["source"],
    "filters": [["is", "device", ["desktop"]]],
}
_PATH, _WRITE = "/api/v1/websites/{website_id}/segments", "funnels:write"
_IS_WEBSITE = and_also(ASKED, _404=("website_not_found",))
_CHANGED = and_also(CHANGED, _400=FILTERS, _404=("website_not_found",), _409=("name_taken",))
_FILTERS = list_of({"type": "array"})
_SEGMENT = record({"id": UUID_TEXT, "name": STRING, "filters": _FILTERS})
_SEGMENT_SENT = record({"name": text(1, MAX_NAME_CHARACTERS), "filters": _FILTERS})
_SEGMENT_EXAMPLE = {"name": "Germans", "filters": [["is", "country", ["DE"]]]}

QUERIES: Operations = {
    ("POST", "/api/v2/query"): Operation(
        group="Reports",
        summary="Any metrics by up to four dimensions",
        answers={200: _ANSWER},
        errors=and_also(
            {**CHANGED, **REPORTED},
            _400=(*FIELDS, "unknown_metric", "too_many_dimensions", "too_many_buckets"),
            _422=("invalid_type", "impossible_combination"),
        ),
        sent=Sent(_SENT, _EXAMPLE),
        scalars=QUERY_PARAMETERS,
    ),
    ("GET", _PATH): Operation(
        group="Segments", summary="List the segments of a website", errors=_IS_WEBSITE,
        answers={200: bare_list(_SEGMENT, is_paged=False)},
    ),
    ("POST", _PATH): Operation(
        group="Segments", summary="Keep filters under a name", scope=_WRITE, answers={201: _SEGMENT},
        errors=and_also(_CHANGED, _409=("too_many_segments",)), sent=Sent(_SEGMENT_SENT, _SEGMENT_EXAMPLE),
        description="No two segments of a website have one name.",
    ),
    ("PUT", f"{_PATH}/{{segment_id}}"): Operation(
        group="Segments", summary="Replace a segment", scope=_WRITE, answers={200: _SEGMENT},
        errors=and_also(_CHANGED, _404=("segment_not_found",)), sent=Sent(_SEGMENT_SENT, _SEGMENT_EXAMPLE),
    ),
    ("DELETE", f"{_PATH}/{{segment_id}}"): Operation(
        group="Segments", summary="Delete a segment", scope=_WRITE, answers={204: None},
        errors=and_also(_IS_WEBSITE, _404=("segment_not_found",)),
    ),
}  # fmt: skip
