"""The shapes that several answers share, and the frames around them."""

from collections.abc import Mapping

from queryapi.metrics import METRICS
from queryapi.openapi.schema import (
    INTEGER,
    MOMENT,
    NUMBER,
    STRING,
    UUID_TEXT,
    Properties,
    Schema,
    keyed,
    list_of,
    nullable,
    one_of,
    record,
    ref,
)

NAME = nullable(STRING)
_WARNINGS = list_of(STRING)
HEAD: Properties = {"website_id": STRING, "date_range": STRING, "range": ref("Range")}
PAGED: Properties = {"total": INTEGER, "limit": INTEGER, "offset": INTEGER}
EVERY_METRIC: Properties = dict.fromkeys(METRICS, NUMBER)
_LIST_METRICS: Properties = dict.fromkeys(("sessions", "unique_visitors", "page_views"), INTEGER)
_RATE: Properties = {"bounce_rate": NUMBER}
EXPLAIN: Properties = {"explain": ref("Explain")}
REVENUE = {
    "type": "object",
    "additionalProperties": STRING,
    "description": 'Exact sums by currency: `{"EUR": "19.90"}`.',
}

SCHEMAS: Mapping[str, Schema] = {
    "Error": record(
        {
            "error": {"type": "string", "description": "What is wrong, the field and the limit, for people."},
            "code": {"type": "string", "description": "What is wrong, for programs."},
            "details": {"type": "object", "description": "`parameter` or `field`, and limits."},
            "request_id": {"type": "string", "description": "Also in the header `X-Request-Id`."},
        }
    ),
    "Range": record({"from": MOMENT, "to": MOMENT, "timezone": STRING}, {"days": INTEGER}),
    "Meta": record(
        {
            "generated_at": MOMENT,
            "visitors": {
                **one_of(("exact", "visitor_days")),
                "description": "`visitor_days`: ids last a day, so days may be added up. `exact`: they may not.",
            },
            "source": one_of(("raw", "aggregate", "cache")),
            "warnings": _WARNINGS,
        },
        {
            "final_after": MOMENT,
            "cached_at": MOMENT,
            "sampled": {
                **record({"fraction": NUMBER, "metrics": keyed(NUMBER)}),
                "description": "The numbers that are estimated, from this fraction of the visitors, and the percent"
                " that 19 of 20 such estimates are within. Rates and means beside them are of the same visitors.",
            },
        },
    ),
    "BareMeta": record({"generated_at": MOMENT, "warnings": _WARNINGS}),
    "Explain": record(
        {
            "definitions": keyed({"type": "object"}),
            "statements": list_of(
                record(
                    {
                        "sql": STRING,
                        "values": {"type": "object"},
                        "rows": INTEGER,
                        "rows_read": INTEGER,
                        "relations": list_of(record({"name": STRING, "source": STRING, "rows_read": INTEGER})),
                        "milliseconds": NUMBER,
                    }
                )
            ),
        }
    ),
    "Vital": record(
        {
            "p75": nullable(NUMBER),
            "rating": nullable(one_of(("good", "needs_improvement", "poor"))),
            "samples": INTEGER,
            "good": NUMBER,
            "needs_improvement": NUMBER,
            "poor": NUMBER,
        }
    ),
    "FunnelStepNumbers": record(
        {
            "id": UUID_TEXT,
            "order": INTEGER,
            "name": STRING,
            "page": STRING,
            "event_type": STRING,
            "visitors": INTEGER,
            "dropoff": INTEGER,
            "dropoff_rate": NUMBER,
            "conversion_rate": NUMBER,
            "step_conversion_rate": NUMBER,
            "avg_time_from_previous": nullable(NUMBER),
            "median_time_from_previous": nullable(NUMBER),
        }
    ),
}


def ranged(body: Properties, optional: Properties | None = None) -> Schema:
    """A report of a range: its head, `body`, its meta."""
    return record({**HEAD, **body, "meta": ref("Meta")}, {**EXPLAIN, **(optional or {})})


def listed(row: Schema) -> Schema:
    """A report that is one list."""
    return ranged({"data": list_of(row), **PAGED})


def counted(names: Properties, optional: Properties | None = None) -> Schema:
    """A row of a list: what it is called, and the metrics of lists."""
    return record({**names, **_LIST_METRICS, "percentage": NUMBER}, {**_RATE, **(optional or {})})


def bare_list(row: Schema, *, has_website: bool = True, is_paged: bool = True) -> Schema:
    """A list of what somebody has made."""
    head: Properties = {"website_id": STRING} if has_website else {}
    page = PAGED if is_paged else {"total": INTEGER}
    return record({**head, "data": list_of(row), **page, "meta": ref("BareMeta")})
