"""A query split by what is in no rollup: attributes of single events, a session's ends, time with anything else.
It asks raw events. Sessions of a row are those that contain an event of the row in the range (SPEC R34)."""

from collections.abc import Sequence
from typing import NamedTuple

from psycopg import sql

from queryapi.buckets import Interval, grain_ceiling, grain_floor
from queryapi.conditions import row_conditions
from queryapi.dimensions import ENDS, NO_PROPERTY, SESSION_DIMENSIONS, UNSET
from queryapi.matching import HIT_COLUMNS, matching_events, of_matched_sessions
from queryapi.metrics import METRICS
from queryapi.params import PROPERTY
from queryapi.picked import ENGAGED_MS, begun, rows_of_sessions, unengaged
from queryapi.predicates import A_DAY, END_PAGES, everybody
from queryapi.query import Query
from queryapi.query_body import TIMES
from queryapi.spread import metric_columns
from queryapi.statement import Statement, series_starts
from queryapi.values import Values
from sql.statements import read

_COMMA = sql.SQL(", ")


class _Key(NamedTuple):
    """One thing the rows are split by; `on_visit` is None for an attribute of single events."""

    column: sql.Identifier
    on_event: sql.Composable
    on_visit: sql.Composable | None
    is_text: bool


def compile_breakdown(query: Query, interval: Interval | None) -> Statement:
    """Columns: `total` rows before the limit, `is_row`, `k0`, `k1`... for the dimensions in their order (time as
    the number of its bucket, from 1), and the metrics."""
    values = Values()
    keys = [_key(name, f"k{index}", query, interval, values) for index, name in enumerate(query.dimensions)]
    metrics = [METRICS[name] for name in query.metrics]
    parts: list[sql.Composable] = []
    if any(metric.of_hits for metric in metrics):
        parts.append(_hits(keys))
    if any(metric.of_visits for metric in metrics):
        parts.append(_visits(query, keys, values))
    text = sql.SQL(read("reads/rows")).format(
        named=_matched(query, keys, values),
        parts=sql.SQL("\nUNION ALL\n").join(parts),
        keys_first=_first([key.column for key in keys]),
        metrics=_COMMA.join(metric_columns(query)),
        search=sql.SQL(""),
        group_by_keys=_group_by(keys),
        order_by=_order_by(query, keys),
        limit=sql.SQL("LIMIT {} OFFSET {}").format(values.bind(query.limit), values.bind(query.offset)),
    )
    return Statement(text, values.bound)


def unset_name(dimension: str) -> str:
    """What no value of a dimension is called."""
    if dimension.startswith(PROPERTY):
        return NO_PROPERTY
    return SESSION_DIMENSIONS[dimension].unset if dimension in SESSION_DIMENSIONS else UNSET


def _key(name: str, column: str, query: Query, interval: Interval | None, values: Values) -> _Key:
    named = sql.Identifier(column)
    if name in TIMES:
        assert interval is not None
        starts = values.bind(list(series_starts(query, interval)))
        bucket = sql.SQL("width_bucket({}, {})")
        on_event = bucket.format(sql.Identifier("timestamp"), starts)
        return _Key(named, on_event, bucket.format(sql.SQL("min(session_started_at)"), starts), is_text=False)
    if name in ENDS:
        return _Key(named, sql.Identifier(name), END_PAGES[name], is_text=True)
    if name == "page":
        return _Key(named, sql.SQL("nullif(page, '')"), None, is_text=True)
    if name == "event_type":
        return _Key(named, sql.Identifier(name), None, is_text=True)
    if name.startswith(PROPERTY):
        key = values.bind(name.removeprefix(PROPERTY))
        return _Key(named, sql.SQL("properties ->> {}").format(key), None, is_text=True)
    expression = SESSION_DIMENSIONS[name].expression
    return _Key(named, expression, sql.SQL("any_value({})").format(expression), is_text=True)


def _matched(query: Query, keys: list[_Key], values: Values) -> sql.Composed:
    """The events of the population, each with its keys; a session's ends are told by its buckets."""
    ends = [key for key, name in zip(keys, query.dimensions, strict=True) if name in ENDS]
    of_events = [_named(key.on_event, key.column) for key in keys if key not in ends]
    found = matching_events(query, values, sql.SQL("{}{}").format(_first(of_events), HIT_COLUMNS))
    if not ends:
        return sql.SQL("matched AS MATERIALIZED ({}),").format(found)
    return sql.SQL(
        "ends AS MATERIALIZED (SELECT {ends}session_hash FROM session_facts_between({since}, {until})"
        " WHERE website_id = {website_id} {everybody} GROUP BY session_hash),"
        " matched AS MATERIALIZED (SELECT {keys}visitor_hash, session_hash, pageviews, custom_events"
        " FROM ({found}) happened LEFT JOIN ends USING (session_hash)),"
    ).format(
        ends=_first([_named(key.on_visit, key.column) for key in ends if key.on_visit is not None]),
        since=values.bind(grain_floor(query.range.since - A_DAY)),
        until=values.bind(grain_ceiling(query.range.until + A_DAY)),
        website_id=values.bind(query.website_id),
        everybody=everybody(query, values),
        keys=_first([key.column for key in keys]),
        found=found,
    )


def _hits(keys: list[_Key]) -> sql.Composed:
    columns = _first([key.column for key in keys])
    hits = sql.SQL("SELECT {}visitor_hash, session_hash, pageviews, custom_events FROM matched").format(columns)
    return sql.SQL(read("reads/hits")).format(keys_first=columns, hits=hits, group_by_keys=_group_by(keys))


def _visits(query: Query, keys: list[_Key], values: Values) -> sql.Composed:
    of_events = [key.column for key in keys if key.on_visit is None]
    touched = sql.SQL("")
    if of_events:
        touched = sql.SQL("JOIN (SELECT DISTINCT {}session_hash FROM matched) touched USING (session_hash)").format(
            _first(of_events)
        )
    of_visits = [_named(key.on_visit, key.column) for key in keys if key.on_visit is not None]
    return sql.SQL(read("reads/visits")).format(
        keys_first=_first([key.column for key in keys]),
        keys_from_facts_first=_first([sql.Identifier("session_hash"), *of_visits]),
        sessions=rows_of_sessions(query.range, values),
        since=values.bind(query.range.since),
        until=values.bind(query.range.until),
        conditions=sql.SQL("AND website_id = {} {} {}").format(
            values.bind(query.website_id), row_conditions(query, values), of_matched_sessions(query)
        ),
        begun=begun(query),
        unengaged=unengaged(query, values, ENGAGED_MS),
        group_by_keys=sql.SQL("{} {}").format(touched, _group_by(keys)),
    )


def _order_by(query: Query, keys: list[_Key]) -> sql.Composed:
    columns = dict(zip(query.dimensions, keys, strict=True))
    terms: list[sql.Composable] = []
    for order in (*((query.order,) if query.order else ()), *query.ties):
        direction = sql.SQL("DESC") if order.descending else sql.SQL("ASC")
        by = _ordered(columns[order.key]) if order.key in columns else sql.Identifier(order.key)
        terms.append(sql.SQL("{} {} NULLS LAST").format(by, direction))
    terms += [sql.SQL("{} NULLS LAST").format(_ordered(key)) for key in keys]
    return sql.SQL("ORDER BY {}").format(_COMMA.join(terms))


def _ordered(key: _Key) -> sql.Composable:
    return sql.SQL('{} COLLATE "C"').format(key.column) if key.is_text else key.column


def _named(expression: sql.Composable, column: sql.Identifier) -> sql.Composed:
    return sql.SQL("{} AS {}").format(expression, column)


def _first(terms: Sequence[sql.Composable]) -> sql.Composable:
    """The terms, each followed by a comma."""
    return sql.SQL("").join([sql.SQL("{}, ").format(term) for term in terms])


def _group_by(keys: list[_Key]) -> sql.Composed:
    return sql.SQL("GROUP BY {}").format(_COMMA.join([key.column for key in keys]))
