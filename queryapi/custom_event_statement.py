"""The statements of the custom events report. It asks raw events: names and properties are in no rollup."""

from psycopg import sql

from queryapi.conditions import Values, event_conditions, row_conditions
from queryapi.dimensions import NO_PROPERTY
from queryapi.query import Query
from queryapi.statement import Statement
from sql.statements import read


def compile_custom_events(query: Query, prop: str | None) -> Statement:
    """Rows by event name, or by the value of the property `prop`, of which NULL is an event without it:
    `total`, `is_row`, `name`, the counts, `first_seen`, `last_seen`, and `revenue` by currency or NULL.
    `query.order` names one of these columns."""
    values = Values()
    name = sql.Identifier("event_type")
    of_value = sql.SQL("properties ->> {}")
    return _compile("reads/custom_events", query, values, of_value.format(values.bind(prop)) if prop else name)


def compile_properties(query: Query) -> Statement:
    """Rows by property: `total`, `is_row`, `name`, `events`, `values`. `query.order` names one of these."""
    return _compile("reads/custom_event_properties", query, Values(), sql.Identifier("name"))


def _compile(path: str, query: Query, values: Values, name: sql.Composable) -> Statement:
    text = sql.SQL(read(path)).format(
        name=name,
        website_id=values.bind(query.website_id),
        since=values.bind(query.range.since),
        until=values.bind(query.range.until),
        conditions=sql.SQL("{} {}").format(row_conditions(query, values), event_conditions(query, values)),
        search=_search(query, values),
        order_by=_order_by(query),
        limit=values.bind(query.limit),
        offset=values.bind(query.offset),
    )
    return Statement(text, values.bound)


def _search(query: Query, values: Values) -> sql.Composable:
    if query.search is None:
        return sql.SQL("")
    condition = sql.SQL("WHERE strpos(lower(coalesce(name, {})), lower({})) > 0")
    return condition.format(values.bind(NO_PROPERTY), values.bind(query.search))


def _order_by(query: Query) -> sql.Composable:
    order = query.order
    assert order is not None
    direction = sql.SQL("DESC") if order.descending else sql.SQL("ASC")
    collation = sql.SQL('COLLATE "C"') if order.key == "name" else sql.SQL("")
    return sql.SQL('{} {} {} NULLS LAST, name COLLATE "C" NULLS LAST').format(
        sql.Identifier(order.key), collation, direction
    )
