"""What a report is given: the website, the parameters, the moment, and a snapshot to read."""

from dataclasses import dataclass, replace
from datetime import datetime

from psycopg import sql

from queryapi.comparison import COMPARE_PARAMETERS
from queryapi.database import Reader
from queryapi.dimensions import FILTER_PARAMETERS
from queryapi.filters import normal_values, parse_filters
from queryapi.params import PROPERTY, Params
from queryapi.pattern_check import check_patterns
from queryapi.query import Condition, Filter, Query, Range
from queryapi.ranges import RANGE_PARAMETERS, resolve_range, resolve_zone
from queryapi.rows import Row
from queryapi.segment import find_segment, segment_filters
from queryapi.statement import compile_query
from shared.registry import Website
from sql.statements import read

# Parameters that stand once, and those that may be repeated (SPEC R64).
FILTERS_PARAMETERS = frozenset({"filters", "segment"})
COMMON_PARAMETERS = RANGE_PARAMETERS | COMPARE_PARAMETERS | FILTERS_PARAMETERS | {"include_bots", "exact"}
REPEATABLE_PARAMETERS = FILTER_PARAMETERS | {PROPERTY}


@dataclass(frozen=True)
class Call:
    """One request for a report; `filters` are those that do not stand in `params` under their own name, those
    that whoever asks cannot leave out among them."""

    website: Website
    params: Params
    now: datetime
    reader: Reader
    # Page views and custom events of a range up to which unique visitors are counted, not estimated.
    exact_up_to: int
    filters: tuple[Condition, ...] = ()


async def make_call(call: Call) -> Call:
    """The call with the filters that its parameters speak of beside its own; raises AppError 400, 404 or 409."""
    text, segment_id = call.params.text("filters"), call.params.text("segment")
    filters = () if text is None else parse_filters(text)
    if segment_id is not None:
        segment = await find_segment(call.reader, call.website.website_id, segment_id)
        filters = (*filters, *segment_filters(segment))
    await check_patterns(call.reader, filters)
    return replace(call, filters=(*call.filters, *filters))


async def asked_range(call: Call) -> Range:
    """The range of the request; only `period=all` needs the database for it."""
    zone = resolve_zone(call.params, call.website.timezone)
    first_event = None
    if call.params.text("period") == "all":
        found = await call.reader.row(sql.SQL(read("reads/first_event")), {"website_id": call.website.website_id})
        first = found["first_bucket"]
        assert first is None or isinstance(first, datetime)
        first_event = first
    return resolve_range(call.params, zone, call.now, first_event)


def make_query(call: Call, asked: Range, metrics: tuple[str, ...]) -> Query:
    """The query over the population of the request, without dimensions."""
    equalities = tuple(
        Filter(name, normal_values(name, values))
        for name, values in call.params.values.items()
        if name in FILTER_PARAMETERS or name.startswith(PROPERTY)
    )
    threshold = call.website.engaged_threshold_s
    return Query(
        website_id=call.website.website_id,
        range=asked,
        metrics=metrics,
        filters=(*equalities, *call.filters),
        include_bots=call.params.flag("include_bots"),
        engaged_threshold_ms=None if threshold is None else 1000 * threshold,
        as_of=call.now,
    )


async def run_totals(call: Call, query: Query) -> Row:
    """The one row of a query without dimensions."""
    rows = await call.reader.rows(compile_query(query))
    return rows[0]
