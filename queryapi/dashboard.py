"""The overview of a website (SPEC A3, B1)."""

from dataclasses import replace

from queryapi.answer import Answer
from queryapi.call import Call, asked_range, make_query
from queryapi.comparison import changes, comparison_range, parse_compare
from queryapi.counted import counted
from queryapi.envelope import COMPARISON_OUT_OF_RETENTION, head, is_out_of_retention, max_age_seconds, meta, range_body
from queryapi.metrics import PERCENT_METRICS
from queryapi.query import Filter, Order, Query
from queryapi.rows import Number, Row, number, text
from queryapi.sampling import answer_rows, answer_totals, sampling_note

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
    query = replace(make_query(call, asked, _METRICS), compare=compare)
    utm_limit = call.params.whole("utm_limit", 1, MAX_UTM_ROWS) or DEFAULT_UTM_ROWS
    answers = [await answer_totals(call, query)]
    metrics = zeroed(answers[0].totals, _METRICS)
    comparison: dict[str, object] | None = None
    warnings: list[str] = []
    if against is not None:
        earlier = replace(query, range=against)
        if await is_out_of_retention(call, earlier):
            warnings.append(COMPARISON_OUT_OF_RETENTION)
        else:
            answers.append(await answer_totals(call, earlier))
            comparison = _comparison(earlier, metrics, zeroed(answers[1].totals, _METRICS))
    body = {
        **await head(call, asked),
        "metrics": metrics,
        "comparison": comparison,
        "utm_performance": await _utm_performance(call, answers[0].query, utm_limit),
    }
    return Answer(
        body,
        max_age_seconds(asked, call.now),
        await meta(call, query, warnings=warnings, sampled=sampling_note(*answers)),
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
        order=Order("sessions", descending=True),
        limit=limit,
    )
    rows = await answer_rows(call, await counted(call, campaigns))
    return [{**{name: text(row[name]) for name in _UTM}, **zeroed(row, _UTM_METRICS)} for row in rows]
