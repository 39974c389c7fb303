"""The overview of a website (SPEC A3, B1)."""

from dataclasses import replace

from queryapi.answer import Answer
from queryapi.call import Call, asked_range, make_query, run_totals
from queryapi.comparison import changes, comparison_range, parse_compare
from queryapi.envelope import COMPARISON_OUT_OF_RETENTION, head, is_out_of_retention, max_age_seconds, meta, range_body
from queryapi.metrics import PERCENT_METRICS
from queryapi.query import LANES, Filter, Order, Query
from queryapi.rows import Number, Row, number, text
from queryapi.sampling import sampled, sampling_note
from queryapi.statement import compile_query

# The founding six, exact names, always present.
SIX = ("page_views", "unique_visitors", "sessions", "bounce_rate", "avg_session_time", "pages_per_session")
_METRICS = (*SIX, "avg_engaged_time", "engagement_rate", "events")
_UTM_METRICS = ("sessions", "unique_visitors", "page_views", "bounce_rate", "avg_session_time", "events")
_UTM = ("utm_source", "utm_medium", "utm_campaign")
DEFAULT_UTM_ROWS = 10
MAX_UTM_ROWS = 100
DASHBOARD_PARAMETERS = frozenset({"utm_limit"})


async def dashboard(call: Call) -> Answer:
    """Totals of the range, the same of the range before, and the best campaigns."""
    asked = await asked_range(call)
    compare = parse_compare(call.params)
    against = comparison_range(call.params, asked, compare, call.now)
    query = await sampled(call, replace(make_query(call, asked, _METRICS), compare=compare))
    utm_limit = call.params.whole("utm_limit", 1, MAX_UTM_ROWS) or DEFAULT_UTM_ROWS
    metrics = zeroed(await run_totals(call, query), _METRICS)
    comparison: dict[str, object] | None = None
    warnings: list[str] = []
    estimates: list[tuple[Query, object]] = [(query, metrics["unique_visitors"])]
    if against is not None:
        earlier = await sampled(call, replace(query, range=against, metrics=SIX, lanes=LANES))
        if await is_out_of_retention(call, earlier):
            warnings.append(COMPARISON_OUT_OF_RETENTION)
        else:
            before = zeroed(await run_totals(call, earlier), SIX)
            estimates.append((earlier, before["unique_visitors"]))
            comparison = _comparison(earlier, metrics, before)
    body = {
        **await head(call, asked),
        "metrics": metrics,
        "comparison": comparison,
        "utm_performance": await _utm_performance(call, query, utm_limit),
    }
    return Answer(
        body,
        max_age_seconds(asked, call.now),
        await meta(call, query, warnings=warnings, sampled=sampling_note(*estimates)),
    )


def zeroed(row: Row, metrics: tuple[str, ...]) -> dict[str, Number]:
    """The metrics of a row; what is not defined is 0 (SPEC R23)."""
    return {name: number(row[name]) or 0 for name in metrics}


def _comparison(earlier: Query, metrics: dict[str, Number], before: dict[str, Number]) -> dict[str, object]:
    found, new = changes(metrics, before, PERCENT_METRICS)
    body: dict[str, object] = {
        "date_range": earlier.range.label,
        "range": range_body(earlier.range),
        "metrics": before,
        "change": found,
    }
    if new:
        body["new"] = dict.fromkeys(new, True)
    return body


async def _utm_performance(call: Call, query: Query, limit: int) -> list[dict[str, object]]:
    """Campaigns of sessions that carry any utm_* value; parts that are missing are null."""
    campaigns = replace(
        query,
        dimensions=_UTM,
        metrics=_UTM_METRICS,
        filters=(*query.filters, Filter("has_utm", ("true",))),
        lanes=LANES,
        order=Order("sessions", descending=True),
        limit=limit,
    )
    rows = await call.reader.rows(compile_query(campaigns))
    return [{**{name: text(row[name]) for name in _UTM}, **zeroed(row, _UTM_METRICS)} for row in rows if row["is_row"]]
