"""How fast pages are for those who look at them (SPEC N4): web vitals, as their browsers measured them."""

from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

from psycopg import sql

from queryapi.answer import Answer, Report
from queryapi.call import COMMON_PARAMETERS, REPEATABLE_PARAMETERS, Call, asked_range, make_query
from queryapi.comparison import rounded
from queryapi.conditions import Values, event_conditions, row_conditions
from queryapi.envelope import head, max_age_seconds, meta
from queryapi.filter_tree import conjuncts, names_in
from queryapi.lists import LIST_PARAMETERS, parse_limit, parse_offset, parse_order, percentage
from queryapi.params import bad_parameter
from queryapi.query import And, Condition, Filter, HasDone, Order, Query
from queryapi.rows import Row, number, whole
from queryapi.statement import Statement
from sql.statements import read


class Vital(NamedTuple):
    """A measure is good up to `good`, poor above `poor`, and shown with `digits` decimals."""

    good: float
    poor: float
    digits: int


# https://web.dev/articles/defining-core-web-vitals-thresholds. Milliseconds, but for the layout shift.
VITALS: dict[str, Vital] = {
    "lcp": Vital(2500, 4000, 0),
    "inp": Vital(200, 500, 0),
    "cls": Vital(0.1, 0.25, 3),
    "fcp": Vital(1800, 3000, 0),
    "ttfb": Vital(800, 1800, 0),
}
_SORTS = ("samples", *VITALS)
_NOTHING = sql.SQL("")


async def web_vitals(call: Call) -> Answer:
    """The vitals of the range; with `group=page` a list of pages, each with its own."""
    is_by_page = call.params.choice("group", ("page",)) is not None
    misplaced = sorted(LIST_PARAMETERS & call.params.values.keys())
    if misplaced and not is_by_page:
        raise bad_parameter(misplaced[0], "only with group=page", "conflicting_parameters")
    query = replace(
        make_query(call, await asked_range(call), ()),
        order=parse_order(call.params, _SORTS, {"page": "name"}, "samples"),
        search=call.params.text("search"),
        limit=parse_limit(call.params),
        offset=parse_offset(call.params),
    )
    found = await call.reader.rows(_compile(query, is_by_page=is_by_page))
    rows = [row for row in found if row["is_row"]]
    if is_by_page:
        numbers: dict[str, object] = {
            "data": [{"page": row["name"], **_vitals(row)} for row in rows],
            "total": whole(found[0]["total"]),
            "limit": query.limit,
            "offset": query.offset,
        }
    else:
        numbers = _vitals(rows[0] if rows else None)
    body = {**await head(call, query.range), **numbers}
    return Answer(body, max_age_seconds(query.range, call.now), await meta(call, query, is_raw=True))


WEB_VITALS = Report(web_vitals, COMMON_PARAMETERS | LIST_PARAMETERS | {"group"}, REPEATABLE_PARAMETERS - {"event_type"})


def _compile(query: Query, *, is_by_page: bool) -> Statement:
    values = Values()
    measured = replace(query, filters=(*_of_measurements(query), Filter("event_type", ("performance",))))
    name = sql.Identifier("page") if is_by_page else sql.SQL("NULL::text")
    text = sql.SQL(read("reads/web_vitals")).format(
        name=name,
        grouping=name,
        vitals=sql.SQL(", ").join([_columns(vital, limits) for vital, limits in VITALS.items()]),
        website_id=values.bind(query.website_id),
        since=values.bind(query.range.since),
        until=values.bind(query.range.until),
        conditions=sql.SQL("{} {}").format(row_conditions(measured, values), event_conditions(measured, values)),
        search=_NOTHING
        if query.search is None
        else sql.SQL("AND strpos(lower(page), lower({})) > 0").format(values.bind(query.search)),
        order_by=_order_by(query.order),
        limit=values.bind(query.limit),
        offset=values.bind(query.offset),
    )
    return Statement(text, values.bound)


def _of_measurements(query: Query) -> tuple[Condition, ...]:
    """The filters as they are met by a measurement, which is of one type: those on the types of events pick the
    sessions that contain such an event."""
    met = conjuncts(query)
    of_types = tuple(item for item in met if "event_type" in names_in(item))
    rest = tuple(item for item in met if "event_type" not in names_in(item))
    return (*rest, HasDone(And(of_types))) if of_types else rest


def _columns(name: str, vital: Vital) -> sql.Composed:
    value = sql.SQL("(performance ->> {})::double precision").format(sql.Literal(name))
    return sql.SQL(
        "percentile_disc(0.75) WITHIN GROUP (ORDER BY {value}) AS {name}, count({value}) AS {samples},"
        " count(*) FILTER (WHERE {value} <= {good}) AS {is_good}, count(*) FILTER (WHERE {value} > {poor}) AS {is_poor}"
    ).format(
        value=value,
        name=sql.Identifier(name),
        samples=sql.Identifier(f"{name}_samples"),
        good=sql.Literal(vital.good),
        poor=sql.Literal(vital.poor),
        is_good=sql.Identifier(f"{name}_good"),
        is_poor=sql.Identifier(f"{name}_poor"),
    )


def _order_by(order: Order | None) -> sql.Composable:
    assert order is not None
    if order.key == "name":
        return sql.SQL('name COLLATE "C" DESC,') if order.descending else _NOTHING
    direction = sql.SQL("DESC") if order.descending else sql.SQL("ASC")
    return sql.SQL("{} {} NULLS LAST,").format(sql.Identifier(order.key), direction)


def _vitals(row: Row | None) -> dict[str, object]:
    """`samples`, the page loads that were measured, and each vital of them."""
    return {
        "samples": 0 if row is None else whole(row["samples"]),
        **{name: _vital(row, name, limits) for name, limits in VITALS.items()},
    }


def _vital(row: Row | None, name: str, limits: Vital) -> dict[str, object]:
    if row is None:
        samples, good, poor, value = 0, 0, 0, None
    else:
        samples, good, poor = (whole(row[f"{name}_{column}"]) for column in ("samples", "good", "poor"))
        value = number(row[name])
    return {
        "p75": None if value is None else rounded(Decimal(str(value)), limits.digits),
        "rating": None if value is None else _rating(value, limits),
        "samples": samples,
        "good": percentage(good, samples),
        "needs_improvement": percentage(samples - good - poor, samples),
        "poor": percentage(poor, samples),
    }


def _rating(value: float, limits: Vital) -> str:
    if value <= limits.good:
        return "good"
    return "poor" if value > limits.poor else "needs_improvement"
